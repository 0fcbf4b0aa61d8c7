package store

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// openDatabase opens the Pebble database in dir with the sizes of o.
func openDatabase(g *guard, dir string, o *Options, logger *slog.Logger) (*pebble.DB, error) {
	cache := pebble.NewCache(or(o.CacheSize, defaultCacheSize))
	defer cache.Unref() // the database holds its own reference
	po := &pebble.Options{
		FS:    g,
		Cache: cache,
		// Upgrading the format is one-way, so it happens only together with layoutVersion.
		FormatMajorVersion:          pebble.FormatValueSeparation,
		MemTableSize:                uint64(or(o.MemTable, defaultMemTable)),
		MemTableStopWritesThreshold: stopMemTables, // room has them wait before that
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                512,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
		Logger:                      pebbleLogger{logger},
		EventListener:               &pebble.EventListener{FlushEnd: g.flushed, BackgroundError: g.erred, CompactionEnd: g.compacted},
	}
	for i := range po.Levels {
		// Most rows looked up by Put are not there yet: the filter spares a read in every level.
		po.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	po.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{
			Enabled:               true,
			MinimumSize:           1 << 10,
			MaxBlobReferenceDepth: 10,
			RewriteMinimumAge:     time.Minute,
			TargetGarbageRatio:    0.25,
		}
	}
	po.Experimental.SpanPolicyFunc = spanPolicy
	db, err := pebble.Open(dir, po)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

// spanPolicy keeps the values of all rows but bodies and manifests in place: a listing reads them one after the other. And every
// kind of row gets tables of its own: tables with other kinds in them would have to be searched for keys that come after all others,
// as those of many new objects do.
func spanPolicy(start []byte) (pebble.SpanPolicy, []byte, error) {
	kind := start[0]
	end := []byte{kind + 1}
	if kind == rowBytes || kind == rowManifest {
		return pebble.SpanPolicy{DisableValueSeparationBySuffix: true}, end, nil
	}
	return pebble.SpanPolicy{ValueStoragePolicy: pebble.ValueStorageLowReadLatency}, end, nil
}

// pebbleLogger passes on what Pebble logs.
type pebbleLogger struct{ l *slog.Logger }

func (p pebbleLogger) Infof(format string, args ...any) {
	p.l.Debug("pebble: " + fmt.Sprintf(format, args...))
}

func (p pebbleLogger) Errorf(format string, args ...any) {
	p.l.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf is called when Pebble finds its own invariants broken; guard keeps disk errors from getting here. Going on could
// damage what is stored.
func (p pebbleLogger) Fatalf(format string, args ...any) {
	panic("store: pebble: " + fmt.Sprintf(format, args...))
}

// get returns a copy of a row's value, nil if there is no such row.
func (s *Store) get(key []byte) ([]byte, error) {
	var row []byte
	err := s.view(key, func(v []byte) error {
		row = append(make([]byte, 0, len(v)), v...)
		return nil
	})
	return row, err
}

// view calls use with a row's value, which it must not keep; not at all if there is no such row.
func (s *Store) view(key []byte, use func(value []byte) error) error { return viewIn(s.db, key, use) }

// viewIn is view in the database or a snapshot of it.
func viewIn(r pebble.Reader, key []byte, use func(value []byte) error) error {
	v, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read row: %w", err)
	}
	defer closer.Close()
	return use(v)
}

// scan calls each for the rows from lower up to but without upper, in order, until it returns false or an error. Key and value
// are valid during the call only.
func (s *Store) scan(lower, upper []byte, each func(key, value []byte) (bool, error)) error {
	return scanIn(s.db, lower, upper, each)
}

// scanIn is scan in the database or a snapshot of it.
func scanIn(r pebble.Reader, lower, upper []byte, each func(key, value []byte) (bool, error)) error {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return fmt.Errorf("scan rows: %w", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("scan rows: %w", err)
		}
		if more, err := each(it.Key(), v); err != nil || !more {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return fmt.Errorf("scan rows: %w", err)
	}
	return nil
}

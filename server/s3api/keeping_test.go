package s3api_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/server/clock"
)

// forever is when nothing is over that is kept for ever.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// promise is what the server has said it keeps: one version, and what keeps it.
type promise struct {
	path  string // with its version id, if it has one
	body  string
	until time.Time
	soft  bool // a lock in governance mode
	holds map[string]bool
}

func (p *promise) kept(now time.Time, bypass bool) bool {
	return len(p.holds) > 0 || now.Before(p.until) && !(p.soft && bypass)
}

// keeper does at random what anybody might do to objects, and remembers what it was promised.
type keeper struct {
	*server
	t        *testing.T
	at       *clock.Clock
	rng      *rand.Rand
	n        int
	promises map[string]*promise // by path
	log      []string
}

func newRandomKeeper(t *testing.T, s *server, at *clock.Clock, seed uint64) *keeper {
	return &keeper{server: s, t: t, at: at, rng: rand.New(rand.NewPCG(seed, 1)), promises: map[string]*promise{}}
}

// note writes down what was done, for the case that it ends badly.
func (k *keeper) note(r *response, format string, args ...any) bool {
	k.log = append(k.log, fmt.Sprintf("%s %s: %d", k.at.Now().Format(time.RFC3339), fmt.Sprintf(format, args...), r.StatusCode))
	return r.StatusCode/100 == 2
}

func (k *keeper) body() string {
	k.n++
	return fmt.Sprint("body ", k.n)
}

// audit makes sure that everything that is kept is there.
func (k *keeper) audit() {
	k.t.Helper()
	for path, p := range k.promises {
		r := k.do(k.owner, "GET", path, "")
		if r.StatusCode == 200 && r.body == p.body {
			continue
		}
		if p.kept(k.at.Now(), false) {
			k.t.Fatalf("%s is kept until %s with holds %v, and is lost: %d %s\n%s", path, p.until, p.holds, r.StatusCode, r.body, strings.Join(k.log, "\n"))
		}
		delete(k.promises, path)
	}
}

// pick returns one of a list.
func pick[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

// TestNothingKeptIsLost tries, in a bucket with a retention policy, every way of losing an object in random order.
func TestNothingKeptIsLost(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s, at := newKeeper(t)
			s.bucket("kept")
			s.set("/kept?protection", policy(0, 1, 20, "<EnablePermanentRetention>true</EnablePermanentRetention>")).want(t, 200, "")
			s.keep("/kept/for-ever", "hello", "Retention-Period", "-2").want(t, 200, "")
			k := newRandomKeeper(t, s, at, seed)
			for range 300 {
				k.disturb()
				k.audit()
			}
			if k.n < 20 {
				t.Errorf("only %d objects were stored", k.n)
			}
		})
	}
}

// disturb does one thing to the bucket "kept".
func (k *keeper) disturb() {
	key := pick(k.rng, "a", "b", "c", "d")
	path := "/kept/" + key
	p := k.promises[path]
	switch k.rng.IntN(11) {
	case 0, 1:
		k.store(path, p)
	case 2:
		if r := k.do(k.owner, "DELETE", path, "", "x-amz-bypass-governance-retention", "true"); k.note(r, "delete %s", key) && p != nil && p.kept(k.at.Now(), true) {
			k.t.Errorf("deleted %s, which is kept", path)
		}
	case 3:
		batch := "<Delete><Object><Key>" + key + "</Key></Object><Object><Key>none</Key></Object></Delete>"
		k.note(k.do(k.owner, "POST", "/kept?delete", batch, md5Header(batch)...), "delete %s in a batch", key)
	case 4:
		id := pick(k.rng, "one", "two")
		if k.note(k.do(k.owner, "POST", path+"?legalHold&add="+id, ""), "hold %s: %s", key, id) {
			k.promises[path].holds[id] = true
		}
	case 5:
		id := pick(k.rng, "one", "two")
		if k.note(k.do(k.owner, "POST", path+"?legalHold&remove="+id, ""), "release %s: %s", key, id) {
			delete(k.promises[path].holds, id)
		}
	case 6:
		k.extend(path, p)
	case 7:
		minimum := k.rng.IntN(2)
		k.note(k.set("/kept?protection", policy(minimum, minimum+k.rng.IntN(2), 20, "<EnablePermanentRetention>true</EnablePermanentRetention>")), "policy")
	case 8:
		k.do(k.owner, "DELETE", "/kept", "").want(k.t, 409, "BucketNotEmpty")
	default:
		k.at.Advance(time.Duration(k.rng.IntN(int(2 * days))))
	}
}

// store puts an object in one of the ways there are.
func (k *keeper) store(path string, before *promise) {
	headers := pick(k.rng,
		nil, nil, nil,
		[]string{"Retention-Period", fmt.Sprint(k.rng.IntN(3 * 86400))},
		[]string{"Retention-Expiration-Date", k.at.Now().Add(time.Duration(k.rng.IntN(int(3 * days)))).Format(time.RFC3339)},
		[]string{"Retention-Period", "-1"},
		[]string{"Retention-Legal-Hold-ID", "one"},
	)
	body := k.body()
	var r *response
	switch k.rng.IntN(3) {
	case 0:
		r = k.keep(path, body, headers...)
	case 1:
		r = k.upload(path, body, headers...)
	default:
		k.put("/bucket/source", body)
		if headers != nil {
			headers = append(headers, "Retention-Directive", "REPLACE")
		}
		r = k.do(k.owner, "PUT", path, "", append(headers, "x-amz-copy-source", "bucket/source")...)
	}
	if !k.note(r, "store %s %v", path, headers) {
		return
	}
	if before != nil && before.kept(k.at.Now(), true) {
		k.t.Fatalf("%s was replaced, which was kept until %s with holds %v\n%s", path, before.until, before.holds, strings.Join(k.log, "\n"))
	}
	h := k.do(k.owner, "HEAD", path, "").Header
	p := &promise{path: path, body: body, holds: map[string]bool{}}
	switch period := h.Get("Retention-Period"); period {
	case "-1":
		p.until = forever
	default:
		d, err := time.ParseDuration(period + "s")
		if err != nil {
			k.t.Fatalf("Retention-Period %q", period)
		}
		p.until = k.at.Now().Add(d)
	}
	if h.Get("Retention-Legal-Hold-Count") != "" {
		p.holds["one"] = true
	}
	k.promises[path] = p
}

// extend changes what an object was promised; only to its advantage, unless that was indefinite.
func (k *keeper) extend(path string, p *promise) {
	now := k.at.Now()
	seconds := k.rng.IntN(5 * 86400)
	headers := pick(k.rng,
		[]string{"Extend-Retention-From-Current-Time", fmt.Sprint(seconds)},
		[]string{"New-Retention-Period", fmt.Sprint(seconds)},
		[]string{"Additional-Retention-Period", fmt.Sprint(seconds)},
		[]string{"New-Retention-Expiration-Date", now.Add(time.Duration(seconds) * time.Second).Format(time.RFC3339)},
	)
	if !k.note(k.do(k.owner, "POST", path+"?extendRetention", "", headers...), "extend %s %v", path, headers) || p == nil {
		return
	}
	until, err := time.Parse(time.RFC1123, k.do(k.owner, "HEAD", path, "").Header.Get("Retention-Expiration-Date"))
	if err != nil {
		k.t.Fatal(err)
	}
	if p.until != forever && until.Before(p.until.Truncate(time.Second)) {
		k.t.Errorf("%s is kept until %s after it was extended from %s", path, until, p.until)
	}
	p.until = until
}

// TestNothingLockedIsLost does the same in a bucket with object lock, where every version counts.
func TestNothingLockedIsLost(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s, at := locking(t)
			k := newRandomKeeper(t, s, at, seed)
			for range 250 {
				k.attack()
				k.audit()
			}
			if k.n < 20 {
				t.Errorf("only %d objects were stored", k.n)
			}
		})
	}
}

// attack does one thing to the bucket "locked".
func (k *keeper) attack() {
	now := k.at.Now()
	path := "/locked/" + pick(k.rng, "a", "b")
	date := now.Add(time.Duration(1+k.rng.IntN(5*24)) * hour)
	mode := pick(k.rng, "GOVERNANCE", "COMPLIANCE")
	var headers []string
	bypass := k.rng.IntN(2) == 0
	if bypass {
		headers = []string{"x-amz-bypass-governance-retention", "true"}
	}
	// One of the versions that are promised, if there are any.
	var p *promise
	for _, p = range k.promises {
		break
	}
	switch k.rng.IntN(8) {
	case 0, 1:
		p := &promise{body: k.body(), holds: map[string]bool{}}
		var lock []string
		if k.rng.IntN(2) == 0 {
			lock = []string{"x-amz-object-lock-mode", mode, "x-amz-object-lock-retain-until-date", date.Format(time.RFC3339)}
		}
		r := k.keep(path, p.body, lock...)
		if !k.note(r, "store %s %v", path, lock) {
			k.t.Fatalf("store: %s", r.body)
		}
		p.path = path + "?versionId=" + r.Header.Get("X-Amz-Version-Id")
		h := k.do(k.owner, "HEAD", p.path, "").Header
		p.soft = h.Get("X-Amz-Object-Lock-Mode") == "GOVERNANCE"
		p.until, _ = time.Parse(time.RFC3339, h.Get("X-Amz-Object-Lock-Retain-Until-Date")) // zero without a lock
		k.promises[p.path] = p
	case 2:
		k.note(k.do(k.owner, "DELETE", path, "", headers...), "hide %s", path)
	case 3:
		rule := pick(k.rng, lockRule(mode, "<Days>2</Days>"), "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>")
		k.note(k.set("/locked?object-lock", rule), "default %s", mode)
		k.set("/locked?versioning", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>").want(k.t, 409, "InvalidBucketState")
	case 4:
		k.at.Advance(time.Duration(k.rng.IntN(int(2 * days))))
	case 5:
		if p == nil {
			return
		}
		kept := p.kept(now, bypass)
		gone := k.note(k.do(k.owner, "DELETE", p.path, "", headers...), "delete %s, bypass %t", p.path, bypass)
		if gone == kept {
			k.t.Fatalf("%s is kept: %t; deleted: %t\n%s", p.path, kept, gone, strings.Join(k.log, "\n"))
		}
		if gone {
			delete(k.promises, p.path)
		}
	case 6:
		if p == nil {
			return
		}
		on := k.rng.IntN(2) == 0
		status := map[bool]string{true: "ON", false: "OFF"}[on]
		if k.note(k.set(strings.Replace(p.path, "?", "?legal-hold&", 1), "<LegalHold><Status>"+status+"</Status></LegalHold>"), "hold %s %s", p.path, status) {
			delete(p.holds, "lock")
			if on {
				p.holds["lock"] = true
			}
		}
	default:
		if p == nil {
			return
		}
		body := pick(k.rng, lockUntil(mode, date), "<Retention/>")
		locked, soft := now.Before(p.until), p.soft
		if !k.note(k.set(strings.Replace(p.path, "?", "?retention&", 1), body, headers...), "lock %s %s, bypass %t", p.path, body, bypass) {
			return
		}
		until := date
		if body == "<Retention/>" {
			until, mode = time.Time{}, ""
		}
		weaker := until.Before(p.until) || soft != (mode == "GOVERNANCE")
		if locked && weaker && !(soft && bypass) {
			k.t.Fatalf("the lock of %s was weakened\n%s", p.path, strings.Join(k.log, "\n"))
		}
		p.until, p.soft = until, mode == "GOVERNANCE"
	}
}

// TestHoldsAndDeletionsAtOnce has many remove an object that one holds: whoever was told that it is held finds it there.
func TestHoldsAndDeletionsAtOnce(t *testing.T) {
	s, _ := newKeeper(t)
	s.bucket("kept")
	s.set("/kept?protection", policy(0, 0, 1, "")).want(t, 200, "")
	held := 0
	for round := 0; held < 10; round++ {
		if round == 1000 {
			t.Fatalf("of %d holds only %d were faster than the deletions", round, held)
		}
		path := fmt.Sprint("/kept/k", round)
		s.keep(path, "hello").want(t, 200, "")
		var hold *response
		var wg sync.WaitGroup
		attempts := []func() (*response, error){
			func() (*response, error) { return s.try(s.owner, "DELETE", path, "") },
			func() (*response, error) { return s.try(s.owner, "PUT", path, "other", md5Header("other")...) },
			func() (*response, error) {
				r, err := s.try(s.owner, "POST", path+"?legalHold&add=case", "")
				hold = r
				return r, err
			},
			func() (*response, error) {
				batch := fmt.Sprintf("<Delete><Object><Key>k%d</Key></Object></Delete>", round)
				return s.try(s.owner, "POST", "/kept?delete", batch, md5Header(batch)...)
			},
		}
		for _, i := range rand.Perm(len(attempts)) {
			wg.Go(func() {
				if _, err := attempts[i](); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if hold.StatusCode != 200 {
			continue
		}
		// It may have been put on the object that replaced the first, but not on one that is gone.
		held++
		if r := s.do(s.owner, "GET", path, ""); r.StatusCode != 200 || r.Header.Get("Retention-Legal-Hold-Count") != "1" {
			if r.StatusCode == 200 {
				t.Errorf("%s is held, and is %q with %q holds", path, r.body, r.Header.Get("Retention-Legal-Hold-Count"))
			} else {
				t.Errorf("%s is held, and lost: %s", path, r.body)
			}
		}
	}
}

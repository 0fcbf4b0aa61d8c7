package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// A sealed body is encrypted in chunks of sealChunk bytes, of which the last one may be shorter, each followed by its tag:
//
//	key     HKDF-SHA256 (RFC 5869) of the object's key, with the id of the body in the info and the salt of the run that made it
//	chunk   AES-256-GCM under that key; nonce: three zero bytes, the chunk's index (8 bytes, big endian), 1 if it is the last, else 0
//
// This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
// Misuse-Resistance, CRYPTO 2015). A chunk opens only in its place, in its body and with its length known, so that bytes that were
// altered, cut off, moved or taken from elsewhere are noticed, and any chunk can be read by itself. Ids of bodies are never used twice
// in a store and every object has a key of its own, so that no key meets a nonce twice. Stores that went on from one snapshot use the
// same ids, and, for the parts of an upload that was under way, the same key: but not the same salt, which each opening draws.

const (
	sealChunk = 64 << 10 // bytes of plaintext
	sealTag   = 16       // bytes after each chunk
)

// ErrTampered says that bytes on the disk are not those that were stored: they were altered or damaged.
var ErrTampered = errors.New("stored bytes were altered or damaged: restore the object from a copy")

// ErrSealed says that a body is encrypted and nobody has given the key.
var ErrSealed = errors.New("object is encrypted and its key was not given")

// ErrUnsealed says that a bucket under a root key was to be given an object that is not.
var ErrUnsealed = errors.New("objects of the bucket have to be encrypted under its root key")

// admits refuses what does not belong into a bucket under a root key, whoever forgot to seal it.
func (b *bucketState) admits(s *Seal) error {
	if crn := b.row.Load().RootKey; crn != "" && s.encryption().RootKey != crn {
		return ErrUnsealed
	}
	return nil
}

// Seal says how to encrypt a body: its Encryption is kept with the object, its Key is not.
type Seal struct {
	Key [32]byte // of this object alone
	Encryption
}

// Format hides the key, whatever the verb.
func (s Seal) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "REDACTED") }

// LogValue hides the key in logs.
func (s Seal) LogValue() slog.Value { return slog.StringValue("REDACTED") }

// encryption is what is kept of a Seal, which may be nil.
func (s *Seal) encryption() Encryption {
	if s == nil {
		return Encryption{}
	}
	return s.Encryption
}

// bodyCipher opens and seals the chunks of one body.
type bodyCipher struct {
	cipher.AEAD
	body id
}

func newBodyCipher(key *[32]byte, body id, salt []byte) (*bodyCipher, error) {
	info := binary.BigEndian.AppendUint64([]byte("icos body 1\x00"), uint64(body))
	derived, err := hkdf.Key(sha256.New, key[:], salt, string(info), 32)
	if err != nil {
		return nil, fmt.Errorf("derive key of body: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("derive key of body: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("derive key of body: %w", err)
	}
	return &bodyCipher{gcm, body}, nil
}

func sealNonce(index int64, last bool) (nonce [12]byte) {
	binary.BigEndian.PutUint64(nonce[3:], uint64(index))
	if last {
		nonce[11] = 1
	}
	return nonce
}

// seal appends a sealed chunk to dst.
func (c *bodyCipher) seal(dst, chunk []byte, index int64, last bool) []byte {
	nonce := sealNonce(index, last)
	return c.Seal(dst, nonce[:], chunk, nil)
}

// open appends the plaintext of a sealed chunk to dst.
func (c *bodyCipher) open(dst, sealed []byte, index int64, last bool) ([]byte, error) {
	nonce := sealNonce(index, last)
	out, err := c.Open(dst, nonce[:], sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("chunk %d of body %d: %w", index, c.body, ErrTampered)
	}
	return out, nil
}

// sealedBlock is memory for one sealed chunk.
type sealedBlock [sealChunk + sealTag]byte

var sealedBlocks = sync.Pool{New: func() any { return new(sealedBlock) }}

// sealWriter encrypts what is written to it. It needs memory for two chunks. Whoever makes one calls finish or drop.
type sealWriter struct {
	w      io.Writer
	cipher *bodyCipher
	index  int64
	held   *sealedBlock // plaintext that may turn out to be the last chunk
	n      int          // bytes of it
	out    *sealedBlock
}

func newSealWriter(w io.Writer, c *bodyCipher) *sealWriter {
	return &sealWriter{w: w, cipher: c, held: sealedBlocks.Get().(*sealedBlock), out: sealedBlocks.Get().(*sealedBlock)}
}

// Write implements io.Writer.
func (s *sealWriter) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if s.n == sealChunk {
			if err := s.flush(s.held[:sealChunk], false); err != nil {
				return n, err
			}
			s.n = 0
		}
		if s.n == 0 && len(p)-n > sealChunk {
			if err := s.flush(p[n:n+sealChunk], false); err != nil {
				return n, err
			}
			n += sealChunk
			continue
		}
		m := copy(s.held[s.n:sealChunk], p[n:])
		s.n += m
		n += m
	}
	return n, nil
}

func (s *sealWriter) flush(chunk []byte, last bool) error {
	_, err := s.w.Write(s.cipher.seal(s.out[:0], chunk, s.index, last))
	s.index++
	return err
}

// finish writes the last chunk and gives the memory back.
func (s *sealWriter) finish() error {
	defer s.drop()
	return s.flush(s.held[:s.n], true)
}

func (s *sealWriter) drop() {
	clear(s.held[:]) // plaintext
	sealedBlocks.Put(s.held)
	sealedBlocks.Put(s.out)
	s.held, s.out = nil, nil
}

// sealInline seals a body that becomes a row.
func (c *bodyCipher) sealInline(plaintext []byte) []byte {
	var out []byte
	for i := 0; ; i += sealChunk {
		end := min(i+sealChunk, len(plaintext))
		last := end == len(plaintext)
		out = c.seal(out, plaintext[i:end], int64(i/sealChunk), last)
		if last {
			return out
		}
	}
}

// sealedSize is the length of a sealed body of size bytes, at least one.
func sealedSize(size int64) int64 { return size + (size+sealChunk-1)/sealChunk*sealTag }

// readSealed fills p with the plaintext from off of a body of size bytes, whose sealed bytes src reads.
func (c *bodyCipher) readSealed(p []byte, src io.ReaderAt, off, size int64) (n int, err error) {
	block := sealedBlocks.Get().(*sealedBlock)
	defer sealedBlocks.Put(block)
	lastIndex := (size - 1) / sealChunk
	for n < len(p) {
		index := off / sealChunk
		length := min(sealChunk, size-index*sealChunk)
		sealed := block[:length+sealTag]
		if m, err := src.ReadAt(sealed, index*(sealChunk+sealTag)); m < len(sealed) {
			if err == nil || err == io.EOF {
				err = fmt.Errorf("body %d ends early: %w", c.body, ErrTampered)
			}
			return n, err
		}
		begin := off - index*sealChunk
		if begin == 0 && int64(len(p)-n) >= length {
			if _, err := c.open(p[n:n:n+int(length)], sealed, index, index == lastIndex); err != nil {
				return n, err
			}
			n += int(length)
			off += length
			continue
		}
		chunk, err := c.open(sealed[:0], sealed, index, index == lastIndex)
		if err != nil {
			return n, err
		}
		m := copy(p[n:], chunk[begin:])
		clear(chunk)
		n += m
		off += int64(m)
	}
	return n, nil
}

// randomETag is what the ETag of an object is made of whose MD5 must not be known: that of a customer's key.
func randomETag() (sum [16]byte) {
	_, _ = rand.Read(sum[:]) // never fails
	return sum
}

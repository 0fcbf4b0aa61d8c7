package store

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// UploadOptions are what the object of a multipart upload is given. A nil *UploadOptions means the zero value.
type UploadOptions struct {
	Attributes
	State
	Encryption        Encryption
	Owner             string
	ACL               ACL
	ChecksumAlgorithm string // as in Checksum; empty for none
	ChecksumType      string // as in Checksum
}

// Upload describes a multipart upload in progress.
type Upload struct {
	ID        string // looks like a uuid; ascends with time within one store
	Key       string
	Initiated time.Time
	UploadOptions
}

// uploadRow is what is kept of an upload besides its key and number.
type uploadRow struct {
	Upload
	id     id
	random uint64 // the second half of the ID
}

// uploadID spells an upload's ID as a uuid: the number, which ascends, and the random half, which does not let it be guessed.
func uploadID(i id, random uint64) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(i))
	binary.BigEndian.PutUint64(raw[8:], random)
	h := hex.EncodeToString(raw[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// parseUploadID is the inverse of uploadID.
func parseUploadID(s string) (i id, random uint64, ok bool) {
	raw, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(raw) != 16 {
		return 0, 0, false
	}
	i, random = id(binary.BigEndian.Uint64(raw)), binary.BigEndian.Uint64(raw[8:])
	return i, random, uploadID(i, random) == s
}

func (u *uploadRow) encode() []byte {
	e := newEncoder(nil)
	e.uint(tagRandom, u.random)
	e.time(tagModified, u.Initiated)
	e.string(tagOwner, u.Owner)
	e.attributes(&u.Attributes)
	e.grants(u.ACL)
	e.checksum(Checksum{Algorithm: u.ChecksumAlgorithm, Type: u.ChecksumType})
	e.state(&u.State)
	e.encryption(&u.Encryption)
	return e.buf
}

func decodeUpload(key string, i id, row []byte) (uploadRow, error) {
	u := uploadRow{id: i}
	u.Key = key
	d := newDecoder(row)
	for d.next() {
		switch d.tag {
		case tagRandom:
			u.random = d.uint()
		case tagModified:
			u.Initiated = d.time()
		case tagOwner:
			u.Owner = string(d.val)
		case tagGrants:
			u.ACL = d.grants()
		case tagChecksum:
			c := d.checksum(&Checksum{})
			u.ChecksumAlgorithm, u.ChecksumType = c.Algorithm, c.Type
		default:
			if !d.state(&u.State) && !d.encryption(&u.Encryption) {
				d.attribute(&u.Attributes)
			}
		}
	}
	u.ID = uploadID(i, u.random)
	return u, d.err
}

// CreateUpload begins a multipart upload.
func (s *Store) CreateUpload(ctx context.Context, bucket, key string, o *UploadOptions) (Upload, error) {
	if o == nil {
		o = &UploadOptions{}
	}
	if err := s.writable(key); err != nil {
		return Upload{}, err
	}
	b, err := s.bucket(bucket)
	if err != nil {
		return Upload{}, err
	}
	leave, err := s.enterBucket(ctx, b)
	if err != nil {
		return Upload{}, err
	}
	defer leave()
	u := uploadRow{id: s.newID(), random: rand.Uint64()}
	u.Upload = Upload{uploadID(u.id, u.random), key, s.now().UTC(), *o}
	batch := s.db.NewBatch()
	_ = batch.Set(uploadKey(b.id, key, u.id), u.encode(), nil)
	if err := s.commit(batch); err != nil {
		return Upload{}, err
	}
	return u.Upload, nil
}

// Upload describes an upload in progress, or fails with ErrNoSuchBucket or ErrNoSuchUpload.
func (s *Store) Upload(ctx context.Context, bucket, key, id string) (Upload, error) {
	b, err := s.bucket(bucket)
	if err != nil {
		return Upload{}, err
	}
	if err := s.enter(ctx); err != nil {
		return Upload{}, err
	}
	defer s.leave()
	u, err := s.upload(b, key, id)
	return u.Upload, err
}

// upload reads the row of an upload in progress, or fails with ErrNoSuchUpload.
func (s *Store) upload(b *bucketState, key, uid string) (u uploadRow, err error) {
	i, random, ok := parseUploadID(uid)
	if !ok {
		return u, ErrNoSuchUpload
	}
	found := false
	err = s.view(uploadKey(b.id, key, i), func(v []byte) error {
		u, err = decodeUpload(key, i, v)
		found = u.random == random
		return err
	})
	if err != nil {
		return u, fmt.Errorf("upload row: %w", err)
	}
	if !found {
		return uploadRow{}, ErrNoSuchUpload
	}
	return u, nil
}

// AbortUpload ends an upload and frees the space of its parts. Parts still being uploaded fail with ErrNoSuchUpload.
func (s *Store) AbortUpload(ctx context.Context, bucket, key, id string) error {
	b, err := s.bucket(bucket)
	if err != nil {
		return err
	}
	leave, err := s.enterBucket(ctx, b)
	if err != nil {
		return err
	}
	defer leave()
	u, unlock, err := s.lockUpload(b, key, id)
	if err != nil {
		return err
	}
	defer unlock()
	batch := s.db.NewBatch()
	_ = batch.Delete(uploadKey(b.id, key, u.id), nil)
	return s.commit(batch, body{bodyUpload, u.id})
}

// lockUpload locks an upload in progress, so that it does not end meanwhile, and reads its row.
func (s *Store) lockUpload(b *bucketState, key, uid string) (u uploadRow, unlock func(), err error) {
	i, _, ok := parseUploadID(uid)
	if !ok {
		return u, nil, ErrNoSuchUpload
	}
	lock := s.uploadLocks.ofID(i)
	lock.Lock()
	if u, err = s.upload(b, key, uid); err != nil {
		lock.Unlock()
		return u, nil, err
	}
	return u, lock.Unlock, nil
}

package wire

// MaxForged is the limit that tests come to by SetForged, since nobody forges
// so many packets.
const MaxForged = maxForged

// SetForged makes o believe that it has refused n packets.
func (o *Opener) SetForged(n uint64) { o.forged = n }

// Epochs returns the epochs whose keys o holds, lowest first.
func (o *Opener) Epochs() []uint64 {
	var held []uint64
	for e := max(o.epoch, 1) - 1; e <= o.epoch+1; e++ {
		if o.ring[e%3].gcm != nil {
			held = append(held, e)
		}
	}
	return held
}

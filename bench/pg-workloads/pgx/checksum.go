// SPDX-License-Identifier: BSL-1.0

package main

// As checksum.hpp does: numbers as they are, everything else as its length and then its elements.
type checksum uint64

func (c *checksum) number(value int64) { *c = *c*31 + checksum(uint64(value)) }

func (c *checksum) truth(value bool) {
	if value {
		c.number(1)
	} else {
		c.number(0)
	}
}

func (c *checksum) bytes(value []byte) {
	c.number(int64(len(value)))
	for _, each := range value {
		c.number(int64(each))
	}
}

func checksumOf(a answer) checksum {
	var sum checksum
	a.addTo(&sum)
	return sum
}

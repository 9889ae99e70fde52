package simulate

import (
	"math"
	"time"
)

// dice draws from the seed and from the name of what is drawn. Nothing depends on
// the order of the draws.
type dice uint64

// bits draws 64 bits for the n-th time that something comes to someone.
func (d dice) bits(what, who string, n int) uint64 {
	h := uint64(14695981039346656037) ^ uint64(d)*0x9E3779B97F4A7C15
	for _, s := range [2]string{what, who} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h = (h ^ 0xFF) * 1099511628211
	}
	return mix(h + uint64(n)*0xD1B54A32D192ED03)
}

// mix spreads every bit over all (the finalizer of splitmix64).
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// unit turns bits into a number from 0 to below 1.
func unit(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

// part draws a number from 0 to below 1.
func (d dice) part(what, who string, n int) float64 { return unit(d.bits(what, who, n)) }

// yes draws whether something with this rate happens.
func (d dice) yes(r Rate, what, who string, n int) bool {
	return r > 0 && d.part(what, who, n) < float64(r)
}

// one draws one of n.
func (d dice) one(of int, what, who string, n int) int {
	return int(d.bits(what, who, n) % uint64(max(of, 1)))
}

// span draws how long something takes: half of the draws are below the median, one
// in ten is above the other bound (a log-normal distribution), to the second.
func (d dice) span(of Delay, what, who string, n int) time.Duration {
	m := time.Duration(of.Median)
	if m <= 0 {
		return 0
	}
	x := float64(m)
	if of.P90 > of.Median {
		b := d.bits(what, who, n)
		z := math.Sqrt(-2*math.Log(1-unit(b))) * math.Cos(2*math.Pi*unit(mix(b)))
		x *= math.Exp(z * math.Log(float64(of.P90)/float64(m)) / 1.2815515655446004)
	}
	return time.Duration(min(x, float64(longest))).Round(time.Second)
}

// longest bounds what is drawn.
const longest = 2 * 365 * 24 * time.Hour

// choose draws an index by weights; -1 when none is above 0.
func (d dice) choose(weights []float64, what, who string, n int) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := d.part(what, who, n) * sum
	last := -1
	for i, w := range weights {
		if w <= 0 {
			continue
		}
		if last = i; x < w {
			return i
		}
		x -= w
	}
	return last
}

// source is the runtime's randomness: bytes in an order that the seed fixes.
type source struct{ state uint64 }

// Read never fails.
func (s *source) Read(p []byte) (int, error) {
	for i := range p {
		if i%8 == 0 {
			s.state++
		}
		p[i] = byte(mix(s.state) >> (i % 8 * 8))
	}
	return len(p), nil
}

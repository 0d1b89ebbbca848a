package main

import (
	"fmt"
	"net/netip"

	networkingv1 "k8s.io/api/networking/v1"
)

// block is an ipBlock: a CIDR without its exceptions.
type block struct {
	cidr   netip.Prefix
	except []netip.Prefix
}

func cidr(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, fmt.Errorf("%q is no CIDR: %w", text, err)
	}
	if prefix.Addr().Is4In6() {
		return prefix, fmt.Errorf("%q: write an IPv4 CIDR as such", text)
	}
	return prefix.Masked(), nil
}

func readBlock(from *networkingv1.IPBlock) (*block, error) {
	whole, err := cidr(from.CIDR)
	if err != nil {
		return nil, err
	}
	read := &block{cidr: whole}
	for _, text := range from.Except {
		except, err := cidr(text)
		if err != nil {
			return nil, err
		}
		if !inside(except, whole) || except.Bits() == whole.Bits() {
			return nil, fmt.Errorf("except %s is not a part of %s", except, whole)
		}
		read.except = append(read.except, except)
	}
	return read, nil
}

// inside says whether all of a CIDR lies in another.
func inside(part, whole netip.Prefix) bool {
	return part.Bits() >= whole.Bits() && whole.Contains(part.Addr())
}

// holds says whether a block holds all of a CIDR. The invalid CIDR, "no known address", is in none.
func (b *block) holds(part netip.Prefix) bool {
	if !part.IsValid() || !inside(part, b.cidr) {
		return false
	}
	for _, except := range b.except {
		if part.Overlaps(except) {
			return false
		}
	}
	return true
}

// pieces cuts CIDRs so small that each piece lies wholly inside or wholly outside of each of the cuts: what holds for one
// address of a piece holds for all of it. No CIDRs: one piece without a known address.
func pieces(whole, cuts []netip.Prefix) []netip.Prefix {
	if len(whole) == 0 {
		return []netip.Prefix{{}}
	}
	var all []netip.Prefix
	for _, each := range whole {
		all = append(all, cutUp(each, cuts)...)
	}
	return all
}

func cutUp(whole netip.Prefix, cuts []netip.Prefix) []netip.Prefix {
	var within []netip.Prefix
	for _, cut := range cuts {
		if inside(cut, whole) && cut.Bits() > whole.Bits() {
			within = append(within, cut)
		}
	}
	if len(within) == 0 {
		return []netip.Prefix{whole}
	}
	bits := whole.Bits() + 1
	upper := whole.Addr().AsSlice()
	upper[(bits-1)/8] |= 1 << (7 - (bits-1)%8)
	address, _ := netip.AddrFromSlice(upper)
	halves := cutUp(netip.PrefixFrom(whole.Addr(), bits), within)
	return append(halves, cutUp(netip.PrefixFrom(address, bits), within)...)
}

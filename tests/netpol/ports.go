package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// protocols are those that a NetworkPolicy can name, in the order in which they are printed.
var protocols = []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}

const lastPort = 65535

// span is a range of ports, both ends included.
type span struct{ first, last int32 }

// ports are the ports of each protocol: sorted spans that neither touch nor overlap.
type ports map[corev1.Protocol][]span

func every() ports {
	all := ports{}
	for _, protocol := range protocols {
		all[protocol] = []span{{1, lastPort}}
	}
	return all
}

func normal(spans []span) []span {
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	var merged []span
	for _, each := range sorted {
		if n := len(merged); n > 0 && each.first <= merged[n-1].last+1 {
			merged[n-1].last = max(merged[n-1].last, each.last)
		} else {
			merged = append(merged, each)
		}
	}
	return merged
}

func (p ports) or(other ports) ports {
	both := ports{}
	for _, protocol := range protocols {
		if spans := normal(slices.Concat(p[protocol], other[protocol])); len(spans) > 0 {
			both[protocol] = spans
		}
	}
	return both
}

func (p ports) and(other ports) ports {
	common := ports{}
	for _, protocol := range protocols {
		var spans []span
		for _, a := range p[protocol] {
			for _, b := range other[protocol] {
				if first, last := max(a.first, b.first), min(a.last, b.last); first <= last {
					spans = append(spans, span{first, last})
				}
			}
		}
		if len(spans) > 0 {
			common[protocol] = normal(spans)
		}
	}
	return common
}

func (p ports) without(other ports) ports {
	gaps := ports{}
	for _, protocol := range protocols {
		next := int32(1)
		for _, each := range other[protocol] {
			if next < each.first {
				gaps[protocol] = append(gaps[protocol], span{next, each.first - 1})
			}
			next = each.last + 1
		}
		if next <= lastPort {
			gaps[protocol] = append(gaps[protocol], span{next, lastPort})
		}
	}
	return p.and(gaps)
}

func (p ports) String() string {
	var parts []string
	for _, protocol := range protocols {
		var spans []string
		for _, each := range p[protocol] {
			text := strconv.Itoa(int(each.first))
			if each.last > each.first {
				text += "-" + strconv.Itoa(int(each.last))
			}
			spans = append(spans, text)
		}
		if len(spans) > 0 {
			parts = append(parts, string(protocol)+" "+strings.Join(spans, ","))
		}
	}
	return strings.Join(parts, "; ")
}

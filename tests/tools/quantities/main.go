// quantities says what the Go library of Kubernetes makes of quantities: the oracle of tests/quantity.rs.
//
// A line of two quantities with a tab between gives a line of the canonical forms of both, how they compare (-1, 0, 1),
// their sum, and seven times the first, with tabs between; ERR stands for what is no quantity, and for what needs one.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

func canonical(q resource.Quantity) string {
	number, suffix := q.CanonicalizeBytes(nil)
	return string(number) + string(suffix)
}

func main() {
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		one, two, _ := strings.Cut(in.Text(), "\t")
		a, errA := resource.ParseQuantity(one)
		b, errB := resource.ParseQuantity(two)
		answers := []string{"ERR", "ERR", "ERR", "ERR", "ERR"}
		if errA == nil {
			answers[0] = canonical(a)
			product := a.DeepCopy()
			product.Mul(7)
			answers[4] = canonical(product)
		}
		if errB == nil {
			answers[1] = canonical(b)
		}
		if errA == nil && errB == nil {
			answers[2] = fmt.Sprint(a.Cmp(b))
			sum := a.DeepCopy()
			sum.Add(b)
			answers[3] = canonical(sum)
		}
		fmt.Fprintln(out, strings.Join(answers, "\t"))
	}
}

// The runner of tests/bench/run: makes the inputs, runs krmor and the kyaml function in turn, measures the processes from
// outside and prints a table. It judges nothing but one thing: both outputs must be the same objects, hardened.
//
// CPU and wall time are those of the whole process, from the kernel's accounting of that one child. Linux only.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// kyaml holds about 250 KB per Deployment; without this much memory its run would measure the swap, or be killed.
const rivalBytesPerDeployment = 300_000

type contender struct {
	name string
	argv []string
}

type sample struct{ cpu, wall float64 } // milliseconds

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

// once runs a contender from one file to another.
func (c contender) once(in, out string) sample {
	stdin, err := os.Open(in)
	check(err)
	defer stdin.Close()
	stdout, err := os.Create(out)
	check(err)
	defer stdout.Close()
	cmd := exec.Command(c.argv[0], c.argv[1:]...)
	var told bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, &told
	start := time.Now()
	err = cmd.Run()
	wall := time.Since(start)
	if err != nil {
		fail("%s: %v: %s", c.name, err, told.String())
	}
	state := cmd.ProcessState
	return sample{ms(state.UserTime() + state.SystemTime()), ms(wall)}
}

// peak gives the largest resident set of one more run, in bytes. Linux counts what a process was before it called exec,
// so a child started from here would show this program's memory as its own. A shell of one megabyte starts it instead
// and leaves; the orphan comes to us, the subreaper, with its own account.
func (c contender) peak(in string) uint64 {
	const setChildSubreaper = 36
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
		fail("prctl: %v", errno)
	}
	args := append([]string{"-c", `in=$1; shift; "$@" <"$in" >/dev/null & echo $!`, "sh", in}, c.argv...)
	text, err := exec.Command("sh", args...).Output()
	check(err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	check(err)
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		if _, err = syscall.Wait4(pid, &status, 0, &usage); err != syscall.EINTR {
			break
		}
	}
	check(err)
	if status.ExitStatus() != 0 {
		fail("%s: exit code %d", c.name, status.ExitStatus())
	}
	return uint64(usage.Maxrss) * 1024
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func median[T any](samples []T, pick func(T) float64) float64 {
	var sorted []float64
	for _, s := range samples {
		sorted = append(sorted, pick(s))
	}
	slices.Sort(sorted)
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func cpu(s sample) float64     { return s.cpu }
func wall(s sample) float64    { return s.wall }
func itself(x float64) float64 { return x }

func freeMemory() uint64 {
	text, err := os.ReadFile("/proc/meminfo")
	check(err)
	_, rest, _ := strings.Cut(string(text), "MemAvailable:")
	kilobytes, err := strconv.ParseUint(strings.Fields(rest)[0], 10, 64)
	check(err)
	return kilobytes * 1024
}

func runs(n int) int {
	switch {
	case n <= 100:
		return 15
	case n <= 1000:
		return 9
	case n <= 5000:
		return 5
	default:
		return 3
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "hosts" {
		hosts(os.Args[2:])
		return
	}
	if len(os.Args) < 6 {
		fail("usage: runner DIR KRMOR CONFIG KYAMLFN N...")
	}
	dir, rival := os.Args[1], os.Args[4]
	krmor := contender{"krmor", []string{os.Args[2], "run", "--config", os.Args[3], "-"}}
	kyaml := contender{"kyamlfn", []string{rival}}
	check(os.MkdirAll(dir, 0o755))

	fmt.Println("| N | input MB | krmor CPU ms | wall ms | MB/s | peak MB | peak ÷ input | kyaml CPU ms | wall ms | peak MB | kyaml ÷ krmor, CPU |")
	fmt.Println("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	var sizes []int
	var costs []float64 // krmor's CPU microseconds per Deployment
	for _, arg := range os.Args[5:] {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 {
			fail("not a number of Deployments: %q", arg)
		}
		in := filepath.Join(dir, fmt.Sprintf("in-%d.yaml", n))
		out := [2]string{filepath.Join(dir, "out-krmor.yaml"), filepath.Join(dir, "out-kyaml.yaml")}
		size := generate(in, n)
		withRival := freeMemory() > uint64(n)*rivalBytesPerDeployment

		var own, other []sample
		var ratios []float64
		for i := -1; i < runs(n); i++ {
			a, b := krmor.once(in, out[0]), sample{}
			if withRival {
				b = kyaml.once(in, out[1])
			}
			switch {
			case i >= 0:
				own, other = append(own, a), append(other, b)
				ratios = append(ratios, b.cpu/a.cpu)
			case withRival: // the first pair warms the page cache; it is compared and not counted
				if text, err := exec.Command(rival, "-compare", out[0], out[1]).CombinedOutput(); err != nil {
					fail("N=%d: %s", n, text)
				}
			}
		}

		mb, peak := float64(size)/1e6, krmor.peak(in)
		elapsed := median(own, wall)
		fmt.Printf("| %d | %.2f | %.1f | %.1f | %.0f | %.1f | %.1f |", n, mb, median(own, cpu), elapsed, mb/elapsed*1000,
			float64(peak)/1e6, float64(peak)/float64(size))
		if withRival {
			fmt.Printf(" %.1f | %.1f | %.1f | %.1f |\n", median(other, cpu), median(other, wall),
				float64(kyaml.peak(in))/1e6, median(ratios, itself))
		} else {
			fmt.Printf(" not run: needs %d MB free | – | – | – |\n", n*rivalBytesPerDeployment/1e6)
		}
		sizes = append(sizes, n)
		costs = append(costs, median(own, cpu)*1000/float64(n))
	}

	var growth []string
	for i, n := range sizes {
		growth = append(growth, fmt.Sprintf("%d: %.1f", n, costs[i]))
	}
	fmt.Printf("\nGrowth, krmor's CPU in µs per Deployment (flat is linear): %s\n", strings.Join(growth, ", "))
	fmt.Println("\nEach figure is the median of alternating runs of whole processes, file to file; ratios are paired run by run; MB/s is by wall time.")
}

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// host is one way to run the same core: how it takes the config and the stream, and what is removed before each run.
type host struct {
	contender
	form   string // stream: by itself; joined: behind the config; list: as a ResourceList
	remove string // a cache, for cold runs
}

// hosts compares ways to run krmor with the first of them, on N Deployments each. The table of hosts comes on standard
// input, a line each: name, form, folder to remove or -, command; with tabs between.
func hosts(args []string) {
	if len(args) < 4 {
		fail("usage: runner hosts DIR CONFIG FEW MANY")
	}
	dir := args[0]
	check(os.MkdirAll(dir, 0o755))
	config, err := os.ReadFile(args[1])
	check(err)
	few, err := strconv.Atoi(args[2])
	check(err)
	many, err := strconv.Atoi(args[3])
	check(err)

	var all []host
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		field := strings.Split(lines.Text(), "\t")
		if len(field) != 4 {
			fail("not a host: %q", lines.Text())
		}
		all = append(all, host{contender{field[0], strings.Fields(field[3])}, field[1], field[2]})
	}

	fmt.Printf("| host | %[1]d: wall ms | CPU ms | ÷ native | %[2]d: wall ms | CPU ms | ÷ native | µs CPU a resource | ÷ native |\n", few, many)
	fmt.Println("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
	var native [3]float64
	for i, h := range all {
		var figures [2][2]float64 // of few and many: wall, CPU
		for k, n := range []int{few, many} {
			in, out := h.input(dir, config, n), filepath.Join(dir, "out-host")
			var samples []sample
			for run := -1; run < 9; run++ {
				if h.remove != "-" {
					check(os.RemoveAll(h.remove))
				}
				s := h.once(in, out)
				if run >= 0 || h.remove != "-" { // the first one warms caches
					samples = append(samples, s)
				}
				if s.wall > 1000 && len(samples) == 3 {
					break
				}
			}
			figures[k] = [2]float64{median(samples, wall), median(samples, cpu)}
			h.compare(dir, out, n, i == 0)
		}
		each := (figures[1][1] - figures[0][1]) * 1000 / float64(many-few)
		own := [3]float64{figures[0][1], figures[1][1], each}
		if i == 0 {
			native = own
		}
		slope := fmt.Sprintf("%.0f | %.1f", own[2], own[2]/native[2])
		if h.remove != "-" { // what the resources cost is less than how far cold runs lie apart
			slope = "– | –"
		}
		fmt.Printf("| %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %s |\n", h.name, figures[0][0], own[0], own[0]/native[0],
			figures[1][0], own[1], own[1]/native[1], slope)
	}
	fmt.Println("\nEach figure is the median of up to nine runs of whole processes, file to file; ratios are of CPU time.")
}

// input gives the file that the host reads: the generated stream in its form.
func (h host) input(dir string, config []byte, n int) string {
	stream := filepath.Join(dir, fmt.Sprintf("in-%d.yaml", n))
	generate(stream, n)
	if h.form == "stream" {
		return stream
	}
	text, err := os.ReadFile(stream)
	check(err)
	var joined bytes.Buffer
	switch h.form {
	case "joined":
		joined.Write(config)
		joined.Write(text)
	case "list":
		joined.WriteString("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n")
		for document := range strings.SplitSeq(string(text), "\n---\n") {
			indented := strings.ReplaceAll(strings.TrimRight(document, "\n"), "\n", "\n  ")
			joined.WriteString("-\n  " + indented + "\n")
		}
	default:
		fail("%s: not a form: %q", h.name, h.form)
	}
	path := filepath.Join(dir, fmt.Sprintf("in-%d-%s", n, h.form))
	check(os.WriteFile(path, joined.Bytes(), 0o644))
	return path
}

// compare fails when an answer is not the one of the native krmor; lists pass through kpt, which has its own style.
func (h host) compare(dir, out string, n int, native bool) {
	first := filepath.Join(dir, fmt.Sprintf("out-native-%d", n))
	if native {
		check(os.Rename(out, first))
		return
	}
	if h.form == "list" {
		return
	}
	if text, err := exec.Command("cmp", first, out).CombinedOutput(); err != nil {
		fail("%s, %d: %s", h.name, n, text)
	}
}

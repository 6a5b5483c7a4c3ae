// Command sizes prints how large the named files are, as they are and
// compressed as command publish does, and fails if the first is over its budget.
//
//	go run ./internal/tools/sizes -budget BYTES web/dist/app.wasm FILE…
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
)

func main() {
	budget := flag.Int64("budget", 0, "most `bytes` that the first file may have with brotli")
	flag.Parse()
	if *budget <= 0 || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*budget, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "sizes:", err)
		os.Exit(1)
	}
}

func run(budget int64, files []string) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "file\tbytes\tbrotli\tgzip\t")
	var over error
	for i, file := range files {
		sizes, err := measure(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t\n", filepath.Base(file), sizes[0], sizes[1], sizes[2])
		if i == 0 && sizes[1] > budget {
			over = fmt.Errorf("%s has %d bytes with brotli, %d over its budget of %d", file, sizes[1], sizes[1]-budget, budget)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return over
}

// measure returns the bytes of file as it is, with brotli and with gzip.
func measure(file string) ([3]int64, error) {
	var sizes [3]int64
	for i, suffix := range []string{"", ".br", ".gz"} {
		info, err := os.Stat(file + suffix)
		if err != nil {
			return sizes, fmt.Errorf("%w (run make wasm first)", err)
		}
		sizes[i] = info.Size()
	}
	return sizes, nil
}

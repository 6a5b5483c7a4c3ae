// Command loader prints what shops put into their script tags: each published
// version of the merchant's loader with the hash of its bytes, and the loader as
// it is now.
//
//	go run ./internal/tools/loader
//
// With -publish it makes the loader as it is now a published version, whose bytes
// must never change again:
//
//	go run ./internal/tools/loader -publish 1.0.0
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"morepay/web"
)

func main() {
	version := flag.String("publish", "", "`version` to publish the loader as")
	folder := flag.String("folder", "web", "`folder` of the package web")
	flag.Parse()
	err := publish(*folder, *version)
	if err == nil {
		err = show(os.Stdout, *folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "loader:", err)
		os.Exit(1)
	}
}

// publish copies the loader to the published versions; version is "" for nothing
// to do.
func publish(folder, version string) error {
	if version == "" {
		return nil
	}
	list, err := web.Versions(os.DirFS(folder))
	if err != nil {
		return err
	}
	body, err := os.ReadFile(filepath.Join(folder, web.Embed))
	if err != nil {
		return err
	}
	body = web.Shipped(body)
	next, err := web.Next(list, version, body)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, filepath.FromSlash(next.URL())), body, 0o644); err != nil {
		return err
	}
	return add(filepath.Join(folder, "embed", "published.txt"), next.String())
}

// add appends a line to a file.
func add(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, line); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func show(w io.Writer, folder string) error {
	list, err := web.Versions(os.DirFS(folder))
	if err != nil {
		return err
	}
	body, err := os.ReadFile(filepath.Join(folder, web.Embed))
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range list {
		fmt.Fprintf(table, "%s\t%s\n", p.URL(), p.Integrity)
	}
	fmt.Fprintf(table, "/%s\t%s\t(changes with releases)\n", web.Embed, web.Integrity(web.Shipped(body)))
	return table.Flush()
}

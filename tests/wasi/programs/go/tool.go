// tool WORD …: an ordinary program in Go, over preview 1.
package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"time"
)

func run(arguments []string) error {
	word := "hello"
	if len(arguments) > 0 {
		word = arguments[0]
	}
	switch word {
	case "hello":
		fmt.Println("Hello from Go")
	case "arguments":
		fmt.Printf("%q\n", arguments[1:])
	case "environment":
		all := os.Environ()
		sort.Strings(all)
		for _, line := range all {
			fmt.Println(line)
		}
	case "walk":
		return filepath.WalkDir(arguments[1], func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			data, err := entry.Info()
			if err != nil {
				return err
			}
			fmt.Println(data.Mode().Type(), path)
			return nil
		})
	case "digest":
		bytes, err := os.ReadFile(arguments[1])
		if err != nil {
			return err
		}
		fmt.Printf("%x\n", sha256.Sum256(bytes))
	case "write":
		return os.WriteFile(arguments[1], []byte(arguments[2]), 0o644)
	case "count":
		lines := 0
		for scanner := bufio.NewScanner(os.Stdin); scanner.Scan(); {
			lines++
		}
		fmt.Println(lines, "lines")
	case "sleep":
		milliseconds, err := strconv.Atoi(arguments[1])
		if err != nil {
			return err
		}
		done := make(chan bool)
		go func() {
			time.Sleep(time.Duration(milliseconds) * time.Millisecond)
			done <- true
		}()
		<-done
		fmt.Println("awake")
	case "exit":
		code, err := strconv.Atoi(arguments[1])
		if err != nil {
			return err
		}
		os.Exit(code)
	case "panic":
		panic("as asked")
	default:
		return fmt.Errorf("unknown word %s", word)
	}
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tool:", err)
		os.Exit(1)
	}
}

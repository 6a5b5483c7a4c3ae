package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

type reload struct {
	Admin   []string `arg:"" optional:"" default:"http://127.0.0.1:8082" help:"Origins of the servers' admin listeners: each server reloads by itself."`
	KeyFile string   `required:"" help:"File that holds the key of the admin API; - for standard input."`
}

// Validate is called by kong before Run.
func (c *reload) Validate() error {
	var problems []error
	for _, origin := range c.Admin {
		problems = append(problems, CheckOrigin("admin", origin))
	}
	return errors.Join(problems...)
}

// reloadWithin bounds the answer of one server.
const reloadWithin = 30 * time.Second

// Run has each of the servers reload, whatever the others say.
func (c *reload) Run(ctx context.Context) error {
	key, err := readKey(c.KeyFile)
	if err != nil {
		return err
	}
	var problems []error
	for _, origin := range c.Admin {
		if err := reloadServer(ctx, strings.TrimSuffix(origin, "/"), key); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", origin, err))
			continue
		}
		fmt.Printf("%s: reloaded\n", origin)
	}
	return errors.Join(problems...)
}

// readKey reads the admin key without repeating anything of what may be one.
func readKey(file string) (string, error) {
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(io.LimitReader(os.Stdin, maxKey))
	} else {
		text, err = os.ReadFile(file)
	}
	key := strings.TrimSpace(string(text))
	if err != nil || key == "" {
		return "", usage("key-file", "must name a file that holds the admin key, or be -")
	}
	return key, nil
}

// maxKey is the longest that a key may be, in bytes.
const maxKey = 4096

func reloadServer(ctx context.Context, origin, key string) error {
	ctx, cancel := context.WithTimeout(ctx, reloadWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+"/v1/admin/reload", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return refusalOf(res)
}

// maxAnswer bounds what is read of a server's answer, in bytes.
const maxAnswer = 1 << 20

// refusalOf reads why a server did not do what it was asked for.
func refusalOf(res *http.Response) error {
	var answer struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer); err != nil || answer.Error.Message == "" {
		return fmt.Errorf("it answers %s: is it the admin listener?", res.Status)
	}
	return errors.New(answer.Error.Message)
}

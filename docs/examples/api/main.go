// Command api makes a session, gives money back and checks a webhook, as an example of
// the client for servers written in Go: see README.md beside this file.
//
// What must not live here: imports of this module, but for the client.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"

	"morepay/web/client"
)

func main() {
	answer, err := run(context.Background(), os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) (any, error) {
	c := &client.Client{Origin: os.Getenv("MOREPAY_ORIGIN"), Key: os.Getenv("MOREPAY_KEY")}
	switch {
	case len(args) == 2 && args[0] == "session":
		return c.CreateSession(ctx, client.NewSession{
			MerchantReference: args[1], Amount: client.Money{Currency: "CNY", Value: 5980},
			Description: "Enamel mug", ReturnURL: os.Getenv("RETURN_URL"),
		}, client.IdempotencyKey("order-"+args[1]))
	case len(args) == 4 && args[0] == "refund":
		fen, err := strconv.ParseInt(args[3], 10, 64)
		if err != nil {
			return nil, err
		}
		return c.CreateRefund(ctx, args[1], client.NewRefund{
			MerchantReference: args[2], Amount: &client.Money{Currency: "CNY", Value: fen},
		}, client.IdempotencyKey("refund-"+args[2]))
	case len(args) == 1 && args[0] == "webhook":
		return webhook()
	}
	return nil, fmt.Errorf("say session ORDER, refund SESSION NUMBER FEN, or webhook")
}

// webhook reads a message from standard input. A server has it as a request, for which
// there is Read.
func webhook() (client.Event, error) {
	hooks, err := client.NewWebhooks(os.Getenv("MOREPAY_WEBHOOK_SECRET"))
	if err != nil {
		return client.Event{}, err
	}
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		return client.Event{}, err
	}
	header := http.Header{}
	header.Set("webhook-id", os.Getenv("WEBHOOK_ID"))
	header.Set("webhook-timestamp", os.Getenv("WEBHOOK_TIMESTAMP"))
	header.Set("webhook-signature", os.Getenv("WEBHOOK_SIGNATURE"))
	return hooks.Verify(body, header)
}

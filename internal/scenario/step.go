package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Verb is what a step can be.
type Verb struct {
	Name string
	Args string // what follows, such as METHOD RAIL
	Does string

	least, most int                                                    // arguments
	known       func(args []string) error                              // what they name must be; nil if they name nothing
	screen      bool                                                   // only a browser can do it
	do, plain   func(ctx context.Context, r *run, args []string) error // plain: without a browser, nil to leave it out
}

// Verbs returns the table of steps, by name.
func Verbs() []Verb {
	return slices.SortedFunc(maps.Values(verbs), func(a, b Verb) int { return strings.Compare(a.Name, b.Name) })
}

// step is a verb with its arguments.
type step struct {
	Verb
	args []string
}

func parse(text string) (step, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return step{}, errors.New("a step is a verb and what follows it")
	}
	v, ok := verbs[words[0]]
	if !ok {
		return step{}, fmt.Errorf("there is no step %q", words[0])
	}
	args := words[1:]
	if v.most < 0 { // the rest is one text
		args = []string{strings.Join(args, " ")}
		v.most = 1
	}
	if len(args) < v.least || len(args) > v.most {
		return step{}, fmt.Errorf("%s takes %q", v.Name, v.Args)
	}
	if v.known != nil {
		return step{v, args}, v.known(args)
	}
	return step{v, args}, nil
}

var verbs = byName([]Verb{
	{Name: "open", Does: "the payer opens the checkout and waits until it is whole", do: open},
	{Name: "visit", Does: "the payer opens the checkout and does not wait", screen: true, do: visit},
	{Name: "choose", Args: "METHOD RAIL", least: 2, most: 2, Does: "the payer taps a way to pay on the list, unfolded if need be", do: choose},
	{Name: "tap", Args: "CONTROL", least: 1, most: 1, screen: true, known: knownControl, Does: "the payer taps what is named in the table of controls", do: tap, plain: tapPlain},
	{Name: "instalments", Args: "METHOD N", least: 2, most: 2, screen: true, Does: "the payer sets in how many instalments to pay by a method", do: instalments},
	{Name: "friend", screen: true, Does: "the payer asks a friend, who opens the link in the payer's place", do: friend},
	{Name: "double-tap", Args: "METHOD RAIL", least: 2, most: 2, screen: true, Does: "two taps on a way to pay, in the same moment", do: doubleTap, plain: choose},
	{Name: "see", Args: "SIGHT [WHICH]", least: 1, most: 2, screen: true, known: knownSight, Does: "waits until the page shows what is named in the table of sights", do: see},
	{Name: "miss", Args: "SIGHT [WHICH]", least: 1, most: 2, screen: true, known: knownSight, Does: "the page does not show it now", do: miss},
	{Name: "read", Args: "TEXT", least: 1, most: -1, screen: true, Does: "waits until the page says these words", do: read},
	{Name: "link", Args: "TEXT", least: 1, most: -1, screen: true, Does: "waits until the page has a link with this in its address", do: link},
	{Name: "back", screen: true, Does: "the browser's Back", do: travel("back")},
	{Name: "forward", screen: true, Does: "the browser's Forward", do: travel("forward")},
	{Name: "reload", screen: true, Does: "loads the page again", do: travel("reload")},
	{Name: "hide", screen: true, Does: "another app covers the page", do: front(false)},
	{Name: "show", screen: true, Does: "the page is in front again", do: front(true)},
	{Name: "approve", Args: "[USER] [ORDER]", most: 2, Does: "ming, or hong, approves the newest order in the wallet, or the first, second …", do: approve},
	{Name: "decline", Args: "[WHY]", most: 1, Does: "the wallet declines the newest order: no_balance, risk, limit or network", do: decline},
	{Name: "cancel", Args: "[USER]", most: 1, Does: "cancels the newest order in the wallet", do: cancelInWallet},
	{Name: "answer", Args: "ANSWER", least: 1, most: 1, screen: true, Does: "the payer decides in the payment window of the app around the page: approve or cancel", do: answer, plain: tapInWallet},
	{Name: "post", Args: "METHOD RAIL TIMES", least: 3, most: 3, Does: "the form of a way to pay is posted so often at once", do: post},
	{Name: "advance", Args: "SECONDS", least: 1, most: 1, Does: "moves the clock of both sides, back too", do: advance},
	{Name: "struck", Does: "waits until each fault has struck as often as it was to", do: struck},
	{Name: "calm", Does: "ends all faults", do: calm},
	{Name: "await", Args: "STATUS", least: 1, most: 1, Does: "waits until the merchant sees the session in this status", do: await},
	{Name: "await-attempt", Args: "STATE", least: 1, most: 1, Does: "waits until the merchant sees the newest attempt in this state", do: awaitAttempt},
	{Name: "told", Args: "EVENT", least: 1, most: 1, known: knownEvents, Does: "waits until the merchant has taken a webhook of this type", do: told},
	{Name: "close", Does: "the merchant cancels the session", do: closeSession},
	{Name: "refund", Args: "FEN [KEY]", least: 1, most: 2, Does: "the merchant gives so much back; the same key is the same refund", do: refund},
	{Name: "refund-refused", Args: "FEN CODE", least: 2, most: 2, Does: "the merchant may not give so much back, and hears this code", do: refundRefused},
	{Name: "offered", Args: "METHOD RAILS", least: 2, most: 2, Does: "waits until the decision has the method with these rails, split by commas", do: offered},
	{Name: "reason", Args: "METHOD CODE", least: 2, most: 2, Does: "waits until the decision keeps the method away for this reason", do: reason},
})

func byName(list []Verb) map[string]Verb {
	m := make(map[string]Verb, len(list))
	for _, v := range list {
		m[v.Name] = v
	}
	return m
}

func open(ctx context.Context, r *run, _ []string) error {
	if r.payer == nil {
		return nil // each post loads the page first
	}
	if err := visit(ctx, r, nil); err != nil || r.Scripts != AllScripts {
		return err
	}
	return r.payer.Await(ctx, sights["taken"])
}

func visit(ctx context.Context, r *run, _ []string) error { return r.payer.Open(ctx, r.address()) }

func choose(ctx context.Context, r *run, args []string) error {
	if r.payer == nil {
		r.way = args
		return r.postForm(ctx, args[0], args[1])
	}
	way := way(args[0], args[1])
	if err := r.unfold(ctx, way); err != nil {
		return err
	}
	return r.payer.Tap(ctx, way, 1)
}

// unfold opens the rest of the list if a way to pay is there.
func (r *run) unfold(ctx context.Context, way string) error {
	if err := r.payer.Await(ctx, has(way)); err != nil {
		return err
	}
	folded, err := r.payer.Value(ctx, "!!"+has(way)+"?.closest('details:not([open])')")
	if err != nil || folded != "true" {
		return err
	}
	return r.payer.Tap(ctx, controls["more"], 1)
}

func doubleTap(ctx context.Context, r *run, args []string) error {
	return r.payer.Tap(ctx, way(args[0], args[1]), 2)
}

func instalments(ctx context.Context, r *run, args []string) error {
	field := fmt.Sprintf(`[data-method="%s"] select`, args[0])
	if err := r.payer.Await(ctx, has(field)); err != nil {
		return err
	}
	return r.payer.Fill(ctx, field, args[1])
}

// friend leaves the name of who asks empty, which must do.
func friend(ctx context.Context, r *run, _ []string) error {
	for _, button := range []string{`a[href*="/friend"]`, `form[action$="/friend"] button`} {
		if err := r.payer.Tap(ctx, button, 1); err != nil {
			return err
		}
	}
	link := has("#link")
	if err := r.payer.Await(ctx, link); err != nil {
		return err
	}
	address, err := r.payer.Value(ctx, link+".value")
	if err != nil {
		return err
	}
	if err := r.payer.Open(ctx, address+"?lang="+r.Locale); err != nil || r.Scripts != AllScripts {
		return err
	}
	return r.payer.Await(ctx, sights["taken"])
}

// way is the button of a way to pay, on the list or beside a screen.
func way(method, rail string) string {
	return fmt.Sprintf(`[data-method="%s"] form[data-rail="%s"] button`, method, rail)
}

func tap(ctx context.Context, r *run, args []string) error {
	return r.payer.Tap(ctx, controls[args[0]], 1)
}

func knownControl(args []string) error {
	if _, ok := controls[args[0]]; !ok {
		return fmt.Errorf("there is no control %q, known are %q", args[0], Controls())
	}
	return nil
}

func knownSight(args []string) error {
	_, err := sight(args)
	return err
}

// tapPlain posts the form of a new code once more, and does the rest at the wallet.
func tapPlain(ctx context.Context, r *run, args []string) error {
	if args[0] == "new-code" {
		return r.postForm(ctx, r.way[0], r.way[1])
	}
	return tapInWallet(ctx, r, args)
}

// tapInWallet does at the wallet what its page's button would do.
func tapInWallet(ctx context.Context, r *run, args []string) error {
	if args[0] != "approve" && args[0] != "cancel" {
		return nil
	}
	return r.inWallet(ctx, args[0], map[string]any{})
}

func see(ctx context.Context, r *run, args []string) error {
	expression, err := sight(args)
	if err != nil {
		return err
	}
	return r.payer.Await(ctx, expression)
}

func miss(ctx context.Context, r *run, args []string) error {
	expression, err := sight(args)
	if err != nil {
		return err
	}
	return r.payer.Await(ctx, "!("+expression+")")
}

func read(ctx context.Context, r *run, args []string) error {
	return r.payer.Await(ctx, "document.body.innerText.includes("+strconv.Quote(args[0])+")")
}

func link(ctx context.Context, r *run, args []string) error {
	return r.payer.Await(ctx, `[...document.links].some((a) => a.getAttribute("href").includes(`+strconv.Quote(args[0])+`))`)
}

func travel(where string) func(context.Context, *run, []string) error {
	return func(ctx context.Context, r *run, _ []string) error { return r.payer.Travel(ctx, where) }
}

func front(yes bool) func(context.Context, *run, []string) error {
	return func(ctx context.Context, r *run, _ []string) error { return r.payer.Front(ctx, yes) }
}

func approve(ctx context.Context, r *run, args []string) error {
	if len(args) < 2 {
		return r.inWallet(ctx, "approve", map[string]any{"user": first(args, "ming")})
	}
	order, err := strconv.Atoi(args[1])
	if err != nil || order < 1 {
		return errors.New("ORDER is 1, 2, …")
	}
	return r.inWalletOf(ctx, order, "approve", map[string]any{"user": args[0]})
}

func decline(ctx context.Context, r *run, args []string) error {
	return r.inWallet(ctx, "decline", map[string]any{"why": first(args, "no_balance")})
}

func cancelInWallet(ctx context.Context, r *run, args []string) error {
	return r.inWallet(ctx, "cancel", map[string]any{"user": first(args, "ming")})
}

// first returns the first argument, or what stands for it.
func first(args []string, otherwise string) string {
	if len(args) == 0 {
		return otherwise
	}
	return args[0]
}

func answer(ctx context.Context, r *run, args []string) error {
	return r.payer.Answer(ctx, args[0], r.stage.Sim)
}

func post(ctx context.Context, r *run, args []string) error {
	times, err := strconv.Atoi(args[2])
	if err != nil || times < 1 || times > 20 {
		return errors.New("TIMES is 1 to 20")
	}
	return r.postTogether(ctx, args[0], args[1], times)
}

func advance(ctx context.Context, r *run, args []string) error {
	seconds, err := strconv.Atoi(args[0])
	if err != nil {
		return errors.New("SECONDS is a whole number")
	}
	return r.stage.control(ctx, "clock", map[string]any{"advance_seconds": seconds}, nil)
}

func struck(ctx context.Context, r *run, _ []string) error {
	return r.until(ctx, func() error { return r.judgeFaults(ctx) })
}

func calm(ctx context.Context, r *run, _ []string) error { return r.stage.calm(ctx) }

func await(ctx context.Context, r *run, args []string) error {
	return r.until(ctx, func() error {
		now, err := r.look(ctx)
		if err == nil && string(now.Status) != args[0] {
			err = fmt.Errorf("the session is %s", now.Status)
		}
		return err
	})
}

func awaitAttempt(ctx context.Context, r *run, args []string) error {
	return r.until(ctx, func() error {
		now, err := r.look(ctx)
		if err == nil && (len(now.Attempts) == 0 || string(now.Attempts[len(now.Attempts)-1].State) != args[0]) {
			err = fmt.Errorf("the attempts are %+v", now.Attempts)
		}
		return err
	})
}

func told(ctx context.Context, r *run, args []string) error {
	return r.until(ctx, func() error { return r.wasTold(ctx, args) })
}

func closeSession(ctx context.Context, r *run, _ []string) error {
	return r.merchant(ctx, "/v1/sessions/"+r.session.ID+"/cancel", map[string]any{}, nil)
}

func refund(ctx context.Context, r *run, args []string) error {
	return r.giveBack(ctx, args)
}

func refundRefused(ctx context.Context, r *run, args []string) error {
	err := r.giveBack(ctx, args[:1])
	if err == nil {
		return errors.New("it was taken")
	}
	if !strings.Contains(err.Error(), `"`+args[1]+`"`) {
		return err
	}
	return nil
}

// giveBack makes a refund of FEN, under a key of its own unless one follows.
func (r *run) giveBack(ctx context.Context, args []string) error {
	fen, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return errors.New("FEN is a whole number")
	}
	key := ""
	if len(args) > 1 {
		key = r.session.ID + "-" + args[1]
	}
	return r.merchantOnce(ctx, key, "/v1/sessions/"+r.session.ID+"/refunds", map[string]any{
		"amount": map[string]any{"currency": "CNY", "value": fen}, "reason": "scenario",
	}, nil)
}

func offered(ctx context.Context, r *run, args []string) error {
	return r.until(ctx, func() error {
		c, err := r.decision(ctx, args[0])
		if err != nil {
			return err
		}
		if got := strings.Join(c.Ladder, ","); got != args[1] {
			return fmt.Errorf("the rails are %q, for %v", got, c.Codes())
		}
		return nil
	})
}

func reason(ctx context.Context, r *run, args []string) error {
	return r.until(ctx, func() error {
		c, err := r.decision(ctx, args[0])
		if err != nil {
			return err
		}
		if !slices.Contains(c.Codes(), args[1]) {
			return fmt.Errorf("the rails are %q, the reasons %v", c.Ladder, c.Codes())
		}
		return nil
	})
}

// pollEvery is how often something is looked at that can't be waited for.
const pollEvery = 50 * time.Millisecond

// WriteSteps writes what a scenario's steps can be.
func WriteSteps(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range Verbs() {
		does := v.Does
		if v.screen {
			does += " (in a browser only)"
		}
		fmt.Fprintf(t, "%s %s\t%s\n", v.Name, v.Args, does)
	}
	fmt.Fprintf(t, "\nsights\t%s\ncontrols\t%s\n", strings.Join(Sights(), ", "), strings.Join(Controls(), ", "))
	return t.Flush()
}

package scenario

import (
	"fmt"
	"maps"
	"slices"
)

// controls are what a payer can tap, by name: on our page, and on those of the simulated
// wallets and cashiers.
var controls = map[string]string{
	"again":     `.notice form[data-rail] button, .fallback form[data-rail] button.main, form[data-rail] button.main`,
	"other":     `.notice button.main`,
	"same":      `.notice button.side`,
	"list":      `form[data-inline="choose"] button`,
	"check":     `[data-check] button`,
	"more":      `summary.row`,
	"new-code":  `.tile.dead button`,
	"page-code": `form[data-rail="page_qr"] button`,
	"bridge":    `[data-bridge]`,
	"wallet":    `#open`,
	"approve":   `button[value="approve"]`,
	"cancel":    `button[value="cancel"]`,
	"return":    `#return`,
	"declines":  `.declines summary`, // what follows stands below it

	"no-balance": `.declines button[value="no_balance"]`,
	"risk":       `.declines button[value="risk"]`,
	"limit":      `.declines button[value="limit"]`,
	"no-network": `.declines button[value="no_network"]`,
	"once-more":  `#again`, // after a decline
}

// sights are what a page can show, by name, as expressions in JavaScript.
var sights = map[string]string{
	"code":     has(`svg[data-qr]`),
	"list":     has(`.card.methods button, [data-method] form[data-rail] button`),
	"reason":   has(`.notice`) + ` && ` + has(`.card.methods button`),
	"retry":    has(`.notice form[data-rail] button, .notice button.side`),
	"fallback": has(`.fallback`),
	"opening":  has(`[data-state="waiting"] .busy`), // a wallet, before it is asked whether it did
	"bridge":   has(`[data-bridge]`),
	"over":     has(`.tile.dead`), // a code that no wallet accepts any more
	"found":    has(`[data-check] .note`) + `?.textContent`,
	"offline":  has(`#checkout .status`) + `?.textContent && !` + state("waiting"),
	"away":     `location.protocol.startsWith("http") && document.readyState === "complete" && !` + has(`#checkout`), // on a page that is not ours
	"taken":    `window.morepay?.ready === true`,                                                                     // over by the client
}

// states are those of our page.
var states = []string{"select", "submitting", "waiting", "paid", "failed", "expired", "canceled"}

// parts are sights of which there are several: an expression with a place for the name.
var parts = map[string]string{
	"method":      has(`[data-method="%s"] form[data-rail] button`),
	"code":        has(`svg[data-qr="%s"]`),
	"row":         has(`[data-method~="%s"]`),                             // that can be chosen or not, or is one of several
	"closed":      has(`[data-method="%s"][data-reason]`),                 // a row that can't be chosen
	"reason":      has(`[data-reason~="%s"]`),                             // the code that such a row has
	"instalments": has(`[aria-current] [name="instalments"][value="%s"]`), // those of the order on show
	"result":      has(`[data-result="%s"]`),                              // of a simulated wallet's or cashier's page
}

func has(selector string) string { return "document.querySelector(`" + selector + "`)" }

func state(name string) string { return has(`#checkout[data-state='` + name + `']`) }

// Sights lists the names of what a page can show.
func Sights() []string {
	return slices.Concat(slices.Sorted(maps.Keys(sights)), states, slices.Sorted(maps.Keys(parts)))
}

// Controls lists the names of what a payer can tap.
func Controls() []string { return slices.Sorted(maps.Keys(controls)) }

// sight returns the expression of what is to be seen.
func sight(args []string) (string, error) {
	if len(args) == 2 {
		if expression, ok := parts[args[0]]; ok {
			return fmt.Sprintf(expression, args[1]), nil
		}
	} else if expression, ok := sights[args[0]]; ok {
		return expression, nil
	} else if slices.Contains(states, args[0]) {
		return state(args[0]), nil
	}
	return "", fmt.Errorf("there is no sight %q, known are %q", args, Sights())
}

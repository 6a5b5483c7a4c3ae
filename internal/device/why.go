package device

import "strings"

// Reason says what of a user agent tells an app or a system.
type Reason struct {
	Row   string   // id of the app or system
	Words []string // of the sign's that the user agent has, in lower case; none for the row of what isn't known
}

// Why says how [Detect] has told the app and the system of a user agent.
func Why(userAgent string) (app, system Reason) {
	if len(userAgent) > MaxUserAgent {
		userAgent = userAgent[:MaxUserAgent]
	}
	ua := strings.ToLower(userAgent)
	for i := range appSigns {
		if s := &appSigns[i]; fits(ua, s.all, s.any, s.none) {
			app = Reason{s.app, (s.all + "|" + s.any).within(ua)}
			break
		}
	}
	for i := range systemSigns {
		if s := &systemSigns[i]; s.matches(ua) {
			system = Reason{s.system, (s.all + "|" + s.any).within(ua)}
			break
		}
	}
	return app, system
}

// within lists the tokens that s contains.
func (t tokens) within(s string) (list []string) {
	for token := range strings.SplitSeq(string(t), "|") {
		if token != "" && strings.Contains(s, token) {
			list = append(list, token)
		}
	}
	return list
}

// SampleFrom returns a device as a row of the samples: with its hints, if they say more
// than its user agent.
func SampleFrom(userAgent string, h Hints) Sample {
	plain := Detect(userAgent)
	refined := plain.Refine(h)
	if refined == plain {
		h = Hints{}
	}
	app, system := refined.split()
	return Sample{App: app.id, System: system.id, UserAgent: userAgent, Hints: h}
}

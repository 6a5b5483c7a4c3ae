package httpd

// Patterns returns those of all routes of the API: the public ones, and those of the
// admin listener.
func Patterns() (public, admin []string) {
	s := &Server{}
	for _, r := range s.routes() {
		public = append(public, r.pattern)
	}
	for _, r := range s.adminRoutes() {
		admin = append(admin, r.pattern)
	}
	return public, admin
}

// NotifyWithin bounds the time that storing a message may take.
const NotifyWithin = notifyWithin

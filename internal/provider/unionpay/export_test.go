package unionpay

// Message is what goes over the wire.
type Message = message

// The parts of the protocol that have vectors and fuzz targets of their own.
var (
	ParseAnswer = parseAnswer
	ParseForm   = parseForm
)

// Signed is what the signature is over.
func (m message) Signed() string { return m.signed() }

// Sign puts the signature into a message.
var Sign = message.sign

// Unambiguous reports whether what is signed can be read in one way only.
func (m message) Unambiguous() bool { return m.unambiguous() }

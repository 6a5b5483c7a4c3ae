package merchantlink

// SafeTransport is the transport of live mode, for the tests of whom it dials.
var SafeTransport = safeTransport

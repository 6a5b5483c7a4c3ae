//go:build race

package pay_test

// raceDetector reports whether this build looks for races, and is ten times
// slower.
const raceDetector = true

package capability

import "strings"

// Rule names what a document may not do. The list is closed.
type Rule string

// The rules.
const (
	RuleSyntax       Rule = "syntax"        // not JSON, or more than one value
	RuleTooLarge     Rule = "too_large"     // more than MaxSize bytes
	RuleDuplicateKey Rule = "duplicate_key" // the same field twice in one object
	RuleUnknownField Rule = "unknown_field"
	RuleRequired     Rule = "required"     // a field is missing
	RuleType         Rule = "type"         // a string where a number belongs, …
	RuleRange        Rule = "range"        // too small, too large, too long, too short, too fine
	RuleFormat       Rule = "format"       // an id, tag, version or time that is not formed like one
	RuleUnknownID    Rule = "unknown_id"   // a word that is not in its closed list
	RuleDuplicate    Rule = "duplicate"    // the same entry twice in one list
	RuleMethodTwice  Rule = "method_twice" // two entries of methods are about the same method
	RuleRail         Rule = "rail"         // a rail that this method does not have
	RuleReversed     Rule = "reversed"     // a range that ends before it begins
	RuleOverlap      Rule = "overlap"      // allowed and excluded at once
	RuleUndeclared   Rule = "undeclared"   // refers to something that the document does not have
	RuleState        Rule = "state"        // contradicts the method's state
)

// Problem is one mistake in a document.
type Problem struct {
	Path    string `json:"path"` // such as methods[0].limits.CNY.max; "" for the document itself
	Rule    Rule   `json:"rule"`
	Message string `json:"message"` // one English sentence
}

// Problems is every mistake that was found in a document. It is an error.
type Problems []Problem

func (p Problems) Error() string {
	var b strings.Builder
	for i, problem := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		if problem.Path != "" {
			b.WriteString(problem.Path)
			b.WriteString(": ")
		}
		b.WriteString(problem.Message)
	}
	return b.String()
}

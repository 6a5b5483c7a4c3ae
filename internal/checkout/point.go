package checkout

// Point names a moment at which a crash must do no harm (see Config.Reached).
type Point string

// The points, between a provider's word and our commit and back.
const (
	PointProviderAnswered Point = "provider-answered" // the provider has replied, nothing is recorded
	PointEvidenceVerified Point = "evidence-verified" // genuine and ours, nothing is recorded
	PointApplied          Point = "applied"           // recorded, the provider has not been answered
	PointRefundAnswered   Point = "refund-answered"   // the refund was taken, nothing is recorded
	PointClosed           Point = "closed"            // closed at the provider, nothing is recorded
)

// Points lists all of them.
var Points = []Point{PointProviderAnswered, PointEvidenceVerified, PointApplied, PointRefundAnswered, PointClosed}

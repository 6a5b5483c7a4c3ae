package stress

// Rows returns the table of what must hold under stress.
func Rows() []Row {
	return []Row{
		{"notification-storm", "1,500/s durable, p99 < 500 ms, RSS < 200 MB", notificationStorm},
		{"duplicate-storm", "one notification many times over 64 connections: 1 event", duplicateStorm},
		{"forged-storm", "5,000/s, 0 rows, genuine p99 < 1 s", forgedStorm},
		{"kill-9", "0 acknowledged lost, 0 paid without outbox row", killStorm},
		{"sse-waiters", "10,000 at ≤ 32 KiB RSS each, paid event p99 < 1 s", streams},
		{"shutdown", "SIGTERM under load: 0 lost, exit < 10 s", shutdown},
		{"restart", "2,000 streams, page views and notifications while the server is replaced on a held socket: 0 failed, all streams back", restart},
		{"slowloris", "2,000 dripping connections, others p99 < 200 ms", slowloris},
		{"slow-neighbour", "1,000 sessions at a cashier that takes 7 s: another merchant's untold payment found < 1 s later than without", slowNeighbour},
		{"chaos", "10,000 payments on a rough day, all in the right state", chaos},
		{"broken-network", "8 toxics × {prepay, query, close, refund} × {before, during, after}: all end right", brokenNetwork},
		{"webhooks", "one never taken, others ≥ 250/s to a back end of 100 ms; after an outage the first in ≤ 2.5 s", webhooks},
		{"soak", "a million requests with invented methods, paths, tokens, addresses, headers: the second half adds no series, ≤ 16 files and goroutines, ≤ 16 MB of heap, ≤ 64 MB of RSS", soak},
		{"fault-points", "every named point: settled after a kill -9 there", faultPoints},
	}
}

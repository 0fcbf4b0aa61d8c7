package ascp

import "strconv"

// Rates are the rates of one process, in kilobits per second, and its policy.
type Rates struct {
	Target, Min int64
	Policy      string // fixed, high, fair or low; "" leaves it as it is
}

// Message is how a process is told.
func (r Rates) Message() *Message {
	m := &Message{Type: Rate, Fields: []Field{
		{"Rate", strconv.FormatInt(r.Target, 10)},
		{"MinRate", strconv.FormatInt(r.Min, 10)},
	}}
	switch r.Policy {
	case "fixed":
		m.Fields = append(m.Fields, Field{"Adaptive", "Fixed"})
	case "high":
		m.Fields = append(m.Fields, Field{"Adaptive", "Adaptive"}, Field{"Priority", "1"})
	case "fair":
		m.Fields = append(m.Fields, Field{"Adaptive", "Adaptive"}, Field{"Priority", "2"})
	case "low":
		m.Fields = append(m.Fields, Field{"Adaptive", "Trickle"})
	}
	return m
}

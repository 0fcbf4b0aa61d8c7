package s3api

import (
	"github.com/icos-go/icos/server/replication"
)

// parseReplication reads and checks a ReplicationConfiguration document. A Role, as Amazon asks for, is ignored: the right to write
// to the destination is that of the caller.
func parseReplication(top *element) (replication.Rules, error) {
	if err := top.only("Role", "Rule"); err != nil {
		return nil, err
	}
	var rules replication.Rules
	ids := make(ruleIDs)
	for _, e := range top.children {
		if e.name != "Rule" {
			continue
		}
		if len(rules) == maxReplicationRules {
			return nil, malformedXML("more than 1000 rules")
		}
		rule, err := parseReplicationRule(e)
		if err != nil {
			return nil, err
		}
		if rule.ID, err = ids.add(rule.ID); err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	if len(rules) == 0 {
		return nil, malformedXML("no rules")
	}
	return rules, nil
}

func parseReplicationRule(e *element) (replication.Rule, error) {
	r := replication.Rule{ID: e.value("ID")}
	names := []string{"ID", "Priority", "Status", "Filter", "Prefix", "DeleteMarkerReplication", "Destination"}
	if err := e.only(names...); err != nil {
		return r, err
	}
	if err := e.once(names...); err != nil {
		return r, err
	}
	if err := checkRuleID(r.ID); err != nil {
		return r, err
	}
	var err error
	if r.Enabled, err = e.status("Status"); err != nil {
		return r, err
	}
	destination, markers := e.child("Destination"), e.child("DeleteMarkerReplication")
	if destination == nil || destination.value("Bucket") == "" {
		return r, malformedXML("a rule has a Destination with the CRN of a Bucket")
	}
	if err := destination.only("Bucket"); err != nil {
		return r, err
	}
	r.Destination = destination.value("Bucket")
	if markers != nil {
		if err := markers.only("Status"); err != nil {
			return r, err
		}
		if r.DeleteMarkers, err = markers.status("Status"); err != nil {
			return r, err
		}
	}
	if e.child("Priority") != nil {
		if r.Priority, err = e.integer("Priority"); err != nil {
			return r, err
		}
		if r.Priority < 0 {
			return r, invalidArgument("Priority must not be negative")
		}
	}
	if e.child("Filter") == nil {
		r.Filter.Prefix = e.value("Prefix")
		return r, checkFilterPrefix(r.Filter.Prefix)
	}
	if e.child("Priority") == nil || markers == nil {
		return r, invalidRequest("DeleteMarkerReplication and Priority must be specified for a rule with a Filter.")
	}
	return r, parseReplicationFilter(e, &r)
}

func parseReplicationFilter(e *element, r *replication.Rule) error {
	f, err := parseLifecycleFilter(e)
	if err != nil {
		return err
	}
	if f.Larger != nil || f.Smaller != nil {
		return malformedXML("the Filter of a replication rule knows no sizes")
	}
	if len(f.Tags) > 0 && r.DeleteMarkers {
		return invalidRequest("Delete marker replication is not supported if any Tag filter is specified.")
	}
	r.Filter = f
	return nil
}

// replication writes the rules as a document, which is what is stored and what GET answers with.
func (x *xmlWriter) replication(rules replication.Rules) {
	x.root("ReplicationConfiguration")
	for i := range rules {
		r := &rules[i]
		x.open("Rule")
		x.text("ID", r.ID)
		x.int("Priority", int64(r.Priority))
		x.text("Status", status(r.Enabled))
		x.open("DeleteMarkerReplication")
		x.text("Status", status(r.DeleteMarkers))
		x.close("DeleteMarkerReplication")
		x.filter(r.Filter)
		x.open("Destination")
		x.text("Bucket", r.Destination)
		x.close("Destination")
		x.close("Rule")
	}
	x.close("ReplicationConfiguration")
}

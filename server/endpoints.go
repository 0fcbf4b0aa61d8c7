package server

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// endpointList is the document that IBM Cloud serves at /v2/endpoints. Hosts
// have no scheme.
type endpointList struct {
	Identity identityEndpoints `json:"identity-endpoints"`
	Service  serviceEndpoints  `json:"service-endpoints"`
}

type identityEndpoints struct {
	Token  string `json:"iam-token"`
	Policy string `json:"iam-policy"`
}

type serviceEndpoints struct {
	CrossRegion map[string]regionEndpoints `json:"cross-region"`
	Regional    map[string]regionEndpoints `json:"regional"`
	SingleSite  map[string]regionEndpoints `json:"single-site"`
}

// regionEndpoints are hosts by name, for each of the networks COS is on.
type regionEndpoints struct {
	Public  map[string]string `json:"public"`
	Private map[string]string `json:"private"`
	Direct  map[string]string `json:"direct"`
}

// serveEndpoints answers with the list of endpoints. This one server is all
// of them, under the host that the client used to reach it.
func (s *Server) serveEndpoints(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	b, err := json.Marshal(endpointsAt(r.Host))
	if err != nil {
		s.log.Error("encode endpoints", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	if _, err := w.Write(b); err != nil {
		s.log.Debug("send endpoints", "error", err)
	}
}

func endpointsAt(host string) endpointList {
	return endpointList{
		Identity: identityEndpoints{Token: host, Policy: host},
		Service: serviceEndpoints{
			CrossRegion: regions(host, "us", "eu", "ap"),
			Regional: regions(host, "us-south", "us-east", "eu-gb", "eu-de", "eu-es",
				"au-syd", "jp-tok", "jp-osa", "ca-tor", "br-sao"),
			SingleSite: regions(host, "ams03", "che01", "mon01", "par01", "sjc04", "sng01"),
		},
	}
}

func regions(host string, names ...string) map[string]regionEndpoints {
	m := make(map[string]regionEndpoints, len(names))
	for _, name := range names {
		at := map[string]string{name: host}
		m[name] = regionEndpoints{Public: at, Private: at, Direct: at}
	}
	return m
}

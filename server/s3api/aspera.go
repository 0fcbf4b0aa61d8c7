package s3api

import (
	"net/http"
	"strings"
)

// getAspera answers how to have the objects of a bucket moved by the transfer service: where that is, and the access key of
// the bucket there. What may be moved is decided there, by the token that the client brings along.
//
// On IBM Cloud the action cloud-object-storage.bucket.get_fasp_connection_info is part of the roles Reader, Writer and
// Manager, one of which every identity of the bucket's instance has; an ACL cannot grant it.
func (c *call) getAspera() error {
	if c.info.Protection.Enabled {
		return invalidBucketState("A bucket with a retention policy cannot be used with Aspera")
	}
	key, err := c.iam.AsperaKey(c.bucket, c.info.Instance, c.info.Created)
	if err != nil {
		return err
	}
	c.w.Header().Set("Cache-Control", "no-store") // it holds a secret
	x := newXML()
	x.root("FASPConnectionInfo")
	x.open("AccessKey")
	x.text("Id", key.ID)
	x.text("Secret", key.Secret)
	x.close("AccessKey")
	x.text("ATSEndpoint", c.baseURL())
	x.close("FASPConnectionInfo")
	return c.writeXML(http.StatusOK, x)
}

// baseURL is where the client reaches this server, which is the transfer service, too: the request's own address, without the
// bucket that may be part of the host's name.
func (c *call) baseURL() string {
	host := c.r.Host
	if bucket := c.hosts.Bucket(host); bucket != "" {
		host = strings.TrimPrefix(host[len(bucket):], ".")
	}
	if c.r.TLS != nil {
		return "https://" + host
	}
	return "http://" + host
}

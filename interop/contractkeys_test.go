package interop

import (
	"crypto/md5"
	"encoding/base64"
	"strings"
)

// contractServiceKeys is encryption with keys that the service keeps.
func contractServiceKeys(s *trial) {
	b := s.create("b")
	tag := either(helloTag, strings.Trim(helloTag, `"`))
	k := in{"Bucket": b, "Key": "k"}
	s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": hello, "ServerSideEncryption": "AES256"}, out{"ServerSideEncryption": "AES256", "ETag": tag})
	s.ok("GetObject", k, out{"Body": hello, "ServerSideEncryption": "AES256"})
	s.ok("HeadObject", k, out{"ServerSideEncryption": "AES256", "ContentLength": len(hello)})
	if s.is("java") { // it has no such parameter for the rest
		return
	}
	s.ok("CopyObject", in{"Bucket": b, "Key": "copy", "CopySource": b + "/k", "ServerSideEncryption": "AES256"}, out{"ServerSideEncryption": "AES256"})
	s.ok("GetObject", in{"Bucket": b, "Key": "copy"}, out{"Body": hello})
	upload := s.ok("CreateMultipartUpload", in{"Bucket": b, "Key": "parts", "ServerSideEncryption": "AES256"}, out{"ServerSideEncryption": "AES256"})
	s.ok("AbortMultipartUpload", in{"Bucket": b, "Key": "parts", "UploadId": upload.str("UploadId")}, nil)
}

// customerKey gives a 32-byte key to an operation, in the parameters whose names begin with prefix.
func customerKey(params in, prefix, key string) in {
	params[prefix+"SSECustomerAlgorithm"] = "AES256"
	params[prefix+"SSECustomerKey"] = key
	return params
}

func contractCustomerKeys(s *trial) {
	b := s.create("b")
	key, wrong := strings.Repeat("k", 32), strings.Repeat("w", 32)
	sum := md5.Sum([]byte(key))
	echo := out{"SSECustomerAlgorithm": "AES256", "SSECustomerKeyMD5": base64.StdEncoding.EncodeToString(sum[:])}
	with := func(o out) out {
		for name, v := range echo {
			o[name] = v
		}
		return o
	}
	at := func(key string) in { return in{"Bucket": b, "Key": key} }
	s.ok("PutObject", customerKey(in{"Bucket": b, "Key": "k", "Body": hello}, "", key), with(out{"ETag": etag}))
	s.ok("GetObject", customerKey(at("k"), "", key), with(out{"Body": hello}))
	s.ok("HeadObject", customerKey(at("k"), "", key), with(out{"ContentLength": len(hello)}))
	s.okStatus("GetObject", 206, customerKey(in{"Bucket": b, "Key": "k", "Range": "bytes=7-"}, "", key), out{"Body": "world"})
	s.fails("GetObject", 400, "InvalidRequest", at("k"))
	s.fails("GetObject", 403, "AccessDenied", customerKey(at("k"), "", wrong))
	s.fails("HeadObject", 400, "", at("k"))
	s.fails("HeadObject", 403, "", customerKey(at("k"), "", wrong))

	// To another key, and to none.
	s.ok("CopyObject", customerKey(customerKey(in{"Bucket": b, "Key": "rekeyed", "CopySource": b + "/k"}, "", wrong), "CopySource", key), nil)
	s.ok("GetObject", customerKey(at("rekeyed"), "", wrong), out{"Body": hello})
	s.ok("CopyObject", customerKey(in{"Bucket": b, "Key": "plain", "CopySource": b + "/k"}, "CopySource", key), nil)
	s.ok("GetObject", at("plain"), out{"Body": hello})
	s.fails("CopyObject", 400, "InvalidRequest", in{"Bucket": b, "Key": "plain", "CopySource": b + "/k"})

	upload := s.ok("CreateMultipartUpload", customerKey(at("parts"), "", key), with(out{"UploadId": some})).str("UploadId")
	part := func(n int, body string) in {
		return customerKey(in{"Bucket": b, "Key": "parts", "UploadId": upload, "PartNumber": n, "Body": body}, "", key)
	}
	first := s.ok("UploadPart", part(1, strings.Repeat("x", 5<<20)), out{"ETag": etag}).str("ETag")
	copied := s.ok("UploadPartCopy", customerKey(customerKey(in{
		"Bucket": b, "Key": "parts", "UploadId": upload, "PartNumber": 2, "CopySource": b + "/k",
	}, "", key), "CopySource", key), nil)
	second, _ := copied["CopyPartResult"].(map[string]any)
	s.ok("CompleteMultipartUpload", in{"Bucket": b, "Key": "parts", "UploadId": upload, "MultipartUpload": in{"Parts": []any{
		in{"PartNumber": 1, "ETag": first}, in{"PartNumber": 2, "ETag": second["ETag"]},
	}}}, nil)
	s.ok("GetObject", customerKey(in{"Bucket": b, "Key": "parts", "Range": "bytes=5242878-"}, "", key), out{"Body": "xx" + hello})
	s.fails("GetObject", 400, "InvalidRequest", at("parts"))
}

func contractKeyProtect(s *trial) {
	crn := s.server.rootKey(s.T, s.contract.name)
	encrypted := func(bucket, crn string) in {
		return in{"Bucket": bucket, "IBMSSEKPEncryptionAlgorithm": "AES256", "IBMSSEKPCustomerRootKeyCrn": crn}
	}
	b := s.bucket("b")
	s.okStatus("CreateBucket", 200, encrypted(b, crn), nil)
	s.okStatus("HeadBucket", 200, in{"Bucket": b}, s.keyHeaders(crn))
	s.ok("ListObjects", in{"Bucket": b}, s.keyHeaders(crn))
	s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": hello}, out{"ETag": either(helloTag, strings.Trim(helloTag, `"`))})
	s.ok("GetObject", in{"Bucket": b, "Key": "k"}, out{"Body": hello, "ContentLength": len(hello)})
	s.okStatus("GetObject", 206, in{"Bucket": b, "Key": "k", "Range": "bytes=0-4"}, out{"Body": "hello"})
	s.ok("CopyObject", in{"Bucket": b, "Key": "copy", "CopySource": b + "/k"}, nil)
	s.ok("GetObject", in{"Bucket": b, "Key": "copy"}, out{"Body": hello})
	s.fails("PutObject", 400, "", customerKey(in{"Bucket": b, "Key": "own", "Body": hello}, "", strings.Repeat("k", 32)))

	unknown := crn[:strings.LastIndexByte(crn, ':')+1] + "00000000-0000-4000-8000-000000000000"
	s.fails("CreateBucket", 400, "", encrypted(s.bucket("unknown"), unknown))
	s.fails("CreateBucket", 400, "InvalidArgument", encrypted(s.bucket("malformed"), "crn:v1:not:one"))
	s.server.deleteKey(s.T, crn)
	s.fails("GetObject", 403, "", in{"Bucket": b, "Key": "k"})
	s.fails("PutObject", 403, "", in{"Bucket": b, "Key": "new", "Body": hello})
}

// keyHeaders are what SDKs make of the headers that name the root key of a bucket.
func (s *trial) keyHeaders(crn string) out {
	if s.is("node") {
		return out{"IBMSSEKPEnabled": true, "IBMSSEKPCustomerRootKeyCrn": crn}
	}
	return out{"IBMSSEKPEnabled": true, "IBMSSEKPCrkId": crn}
}

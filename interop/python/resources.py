"""Every action, collection and waiter of the resources of IBM's SDK for Python.

usage: python resources.py ENDPOINT CREDENTIAL

The resources say the same as the client, in the way in which IBM's pages do. What
they have is asked of the SDK: it is an error if one of them was not used.
"""

import json
import sys

import ibm_boto3
from ibm_botocore.config import Config
from ibm_botocore.exceptions import ClientError

endpoint, credential = sys.argv[1:]
with open(credential) as f:
    credential = json.load(f)
cos = ibm_boto3.resource(
    "s3",
    endpoint_url=endpoint,
    region_name="us-south",
    ibm_api_key_id=credential["apikey"],
    ibm_service_instance_id=credential["resource_instance_id"],
    ibm_auth_endpoint=endpoint + "/identity/token",
    config=Config(signature_version="oauth", s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
)
used = set()


def use(resource, name, **params):
    """Calls an action or a waiter."""
    used.add((resource.meta.resource_model.name, name))
    return getattr(resource, name)(**params)


def every(resource, name, **params):
    """Reads a collection to its end, two on a page."""
    used.add((resource.meta.resource_model.name, name))
    return list(getattr(resource, name).filter(**params).page_size(2))


def fails(code, call, *args, **params):
    try:
        call(*args, **params)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return
    raise AssertionError(f"no error, want {code}")


def buckets():
    b = use(cos, "create_bucket", Bucket="resources", CreateBucketConfiguration={"LocationConstraint": "us-south-standard"})
    use(b, "wait_until_exists")
    assert b in every(cos, "buckets")
    assert b.creation_date
    other = cos.Bucket("resources-other")
    use(other, "create")
    use(other, "delete")
    use(other, "wait_until_not_exists")
    return b


def configurations(b):
    use(b.Acl(), "put", ACL="private")
    assert b.Acl().owner["DisplayName"] and b.Acl().grants[0]["Permission"] == "FULL_CONTROL"
    use(b.Cors(), "put", CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]})
    assert b.Cors().cors_rules[0]["AllowedOrigins"] == ["*"]
    use(b.Cors(), "delete")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}
    use(b.LifecycleConfiguration(), "put", LifecycleConfiguration={"Rules": [rule]})
    assert b.LifecycleConfiguration().rules[0]["Expiration"] == {"Days": 3}
    use(b.LifecycleConfiguration(), "delete")
    use(b.Tagging(), "put", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    assert b.Tagging().tag_set == [{"Key": "a", "Value": "1"}]
    use(b.Tagging(), "delete")
    use(b.Website(), "put", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    assert b.Website().index_document == {"Suffix": "index.html"}
    use(b.Website(), "delete")


def objects(b):
    o = use(b, "put_object", Key="k", Body=b"bucket")
    use(o, "wait_until_exists")
    use(o, "put", Body=b"object", ContentType="text/plain", Metadata={"shape": "round"})
    assert use(o, "get")["Body"].read() == b"object"
    o.reload()
    assert (o.content_length, o.content_type, o.metadata) == (6, "text/plain", {"shape": "round"})
    use(b.Object("copy"), "copy_from", CopySource={"Bucket": b.name, "Key": "k"})
    use(o.Acl(), "put", ACL="public-read")
    assert any(g["Grantee"].get("URI", "").endswith("AllUsers") for g in o.Acl().grants)
    fails("ObjectAlreadyInActiveTierError", use, o, "restore_object", RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}})
    use(b.Object("copy"), "delete")
    use(b.Object("copy"), "wait_until_not_exists")

    s = cos.ObjectSummary(b.name, "summary")
    use(s, "put", Body=b"summary")
    use(s, "wait_until_exists")
    assert use(s, "get")["Body"].read() == b"summary" and s.size == 7
    use(s, "copy_from", CopySource={"Bucket": b.name, "Key": "k"})
    use(use(s, "initiate_multipart_upload"), "abort")
    fails("ObjectAlreadyInActiveTierError", use, s, "restore_object", RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}})
    assert [x.key for x in every(b, "objects")] == ["k", "summary"]
    use(s, "delete")
    use(s, "wait_until_not_exists")
    use(b, "delete_objects", Delete={"Objects": [{"Key": "k"}]})


def uploads(b):
    o = b.Object("parts")
    upload = use(o, "initiate_multipart_upload")
    b.put_object(Key="source", Body=b"copied")
    first, second = upload.Part(1), upload.Part(2)
    etags = [
        use(first, "upload", Body=b"x" * (5 << 20))["ETag"],
        use(second, "copy_from", CopySource={"Bucket": b.name, "Key": "source"})["CopyPartResult"]["ETag"],
    ]
    assert [u.id for u in every(b, "multipart_uploads")] == [upload.id]
    assert [p.size for p in every(upload, "parts")] == [5 << 20, 6]
    done = use(upload, "complete", MultipartUpload={"Parts": [{"PartNumber": i + 1, "ETag": e} for i, e in enumerate(etags)]})
    assert done.content_length == (5 << 20) + 6
    b.objects.delete()


def versions(b):
    use(b.Versioning(), "put", VersioningConfiguration={"Status": "Enabled"})
    use(b.Versioning(), "suspend")
    use(b.Versioning(), "enable")
    assert b.Versioning().status == "Enabled"
    for body in b"one", b"two", b"three":
        b.put_object(Key="k", Body=body)
    b.Object("k").delete()
    every_version = every(b, "object_versions", Prefix="k")  # of each page, versions before markers
    old = [v for v in every_version if v.size is not None]
    assert len(every_version) == 4 and len(old) == 3, every_version
    assert [v.size for v in every_version if v.is_latest] == [None]
    assert use(old[0], "get")["Body"].read() == b"three" and use(old[0], "head")["ContentLength"] == 5
    use(old[0], "delete")
    b.object_versions.delete()
    assert every(b, "object_versions") == []
    b.delete()


def retention():
    b = cos.create_bucket(Bucket="resources-kept")
    policy = {"Status": "Retention", "MinimumRetention": {"Days": 0}, "DefaultRetention": {"Days": 0}, "MaximumRetention": {"Days": 1}}
    use(b.Protection(), "put", ProtectionConfiguration=policy)
    assert b.Protection().status == "Retention" and b.Protection().maximum_retention == {"Days": 1}
    o = b.put_object(Key="k", Body=b"x", RetentionPeriod=60)
    p = o.Protection()
    use(p, "add_legal_hold", RetentionLegalHoldId="hold")
    assert [h["ID"] for h in use(p, "list_legal_holds")["LegalHolds"]] == ["hold"]
    assert p.legal_holds and p.retention_period == 60 and p.retention_period_expiration_date >= p.create_time
    assert o.retention_period == 60 and o.retention_legal_hold_count == 1
    use(p, "extend_object_retention", AdditionalRetentionPeriod=60)
    fails("AccessDenied", o.delete)
    use(p, "delete_legal_hold", RetentionLegalHoldId="hold")


def all_names():
    """What there is to use: of the service, and of all that it leads to."""
    models = [cos.meta.resource_model] + [s.resource.model for s in cos.meta.resource_model.subresources]
    return {(m.name, x.name) for m in models for x in m.actions + m.collections + m.waiters}


b = buckets()
configurations(b)
objects(b)
uploads(b)
versions(b)
retention()
if used != all_names():
    sys.exit(f"not used: {sorted(all_names() - used)}, unknown: {sorted(used - all_names())}")
print(f"resources: {len(used)} used")

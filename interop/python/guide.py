"""Run the code of IBM's page "Using Python" as printed, and check what it prints.

usage: guide.py MODE ENDPOINT CREDENTIAL GUIDE

MODE is how the client signs in:

    iam       an API key, exchanged for bearer tokens: the page as it stands
    hmac-v4   HMAC keys, signature V4
    hmac-v2   HMAC keys, signature V2
    file      nothing given; ~/.bluemix/cos_credentials decides, and has HMAC keys
    file-iam  nothing given; ~/.bluemix/cos_credentials decides, and has an API key only

CREDENTIAL is a service credential, the JSON that COS issues. GUIDE is the page's code.
"""

import contextlib
import hashlib
import io
import json
import math
import os
import re
import sys
import tempfile

import ibm_boto3
from ibm_botocore.client import Config
from ibm_botocore.exceptions import ClientError

MIB = 1024 * 1024
LOCATION = "us-south-standard"

# The arguments with which the page signs in, to be replaced in other modes.
SIGN_IN = re.compile(
    r"ibm_api_key_id=COS_API_KEY_ID,\s+"
    r"ibm_service_instance_id=COS_SERVICE_CRN,\s+"
    r"ibm_auth_endpoint=COS_AUTH_ENDPOINT,\s+"
    r'config=Config\(signature_version="oauth"\),'
)

REPLACEMENT = {
    "hmac-v4": 'aws_access_key_id=HMAC_ID, aws_secret_access_key=HMAC_SECRET, config=Config(signature_version="s3v4"),',
    "hmac-v2": 'aws_access_key_id=HMAC_ID, aws_secret_access_key=HMAC_SECRET, config=Config(signature_version="s3"),',
    "file": "",
    "file-iam": 'config=Config(signature_version="oauth"),',
}


def load(mode, endpoint, credential, path):
    """Return the names that the page's code defines."""
    with open(path) as f:
        code = f.read()

    def fill(old, new, count=1):
        nonlocal code
        if code.count(old) != count:
            sys.exit("the page has %d times %r, want %d" % (code.count(old), old, count))
        code = code.replace(old, new)

    fill("<endpoint>", endpoint)
    fill("<api-key>", credential["apikey"])
    fill("<resource-instance-id>", credential["resource_instance_id"])
    fill('"<location"', '"%s"' % LOCATION)
    fill("https://iam.ng.bluemix.net/oidc/token", endpoint + "/oidc/token")
    # The page's sample of paged listing lacks the parenthesis that closes the call.
    fill(
        "            endpoint_url=COS_ENDPOINT\n\n        more_results",
        "            endpoint_url=COS_ENDPOINT)\n\n        more_results",
    )
    if mode in REPLACEMENT:
        code, n = SIGN_IN.subn(REPLACEMENT[mode], code)
        if n != 4:
            sys.exit("the page signs in %d times, want 4" % n)

    # What the page takes for granted: its imports, and a function that it does not show.
    page = {
        "ibm_boto3": ibm_boto3,
        "Config": Config,
        "ClientError": ClientError,
        "os": os,
        "math": math,
        "log_done": lambda: print("DONE!"),
        "HMAC_ID": credential["cos_hmac_keys"]["access_key_id"],
        "HMAC_SECRET": credential["cos_hmac_keys"]["secret_access_key"],
    }
    exec(compile(code, os.path.basename(path), "exec"), page)
    return page


class Steps:
    def __init__(self, page):
        self.page = page
        self.done = 0

    def run(self, name, *args, want):
        """Call one of the page's functions; want is what it must print, a string or a pattern."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.page[name](*args)
        got = out.getvalue()
        matches = want.fullmatch(got) if isinstance(want, re.Pattern) else want == got
        self.check("%s%s" % (name, args), matches, "printed %r, want %r" % (got, want))

    def check(self, name, ok, message=""):
        if not ok:
            sys.exit("%s: %s" % (name, message))
        self.done += 1
        print("ok", name)


def main(mode, endpoint, credential_path, guide):
    with open(credential_path) as f:
        credential = json.load(f)
    page = load(mode, endpoint, credential, guide)
    steps = Steps(page)
    cos = page["cos"]
    bucket = "guide-" + mode

    steps.run("create_bucket", bucket, want="Creating new bucket: %s\nBucket: %s created!\n" % (bucket, bucket))
    steps.run(
        "create_bucket",
        bucket,
        want=re.compile(
            r"Creating new bucket: %s\nCLIENT ERROR: An error occurred "
            r"\((BucketAlreadyExists|BucketAlreadyOwnedByYou)\) when calling the CreateBucket operation: .+\n\n" % bucket
        ),
    )
    steps.run(
        "get_buckets",
        want=re.compile(r"Retrieving list of buckets\n(?s:.*)Bucket Name: %s\n(?s:.*)" % bucket),
    )
    location = cos.meta.client.get_bucket_location(Bucket=bucket)["LocationConstraint"]
    steps.check("location", location == LOCATION, "%r, want %r" % (location, LOCATION))

    text(steps, bucket)
    owner(steps, bucket)
    with tempfile.TemporaryDirectory() as scratch:
        large(steps, cos, bucket, scratch)
    paged(steps, cos, bucket)

    for item in list(cos.Bucket(bucket).objects.all()):
        steps.run("delete_item", bucket, item.key, want="Deleting item: %s\nItem: %s deleted!\n" % (item.key, item.key))
    steps.run("delete_bucket", bucket, want="Deleting bucket: %s\nBucket: %s deleted!\n" % (bucket, bucket))
    steps.run(
        "get_bucket_contents",
        bucket,
        want="Retrieving bucket contents from: %s\n"
        "CLIENT ERROR: An error occurred (NoSuchBucket) when calling the ListObjects operation: "
        "The specified bucket does not exist.\n\n" % bucket,
    )
    print("guide %s: %d steps" % (mode, steps.done))


def text(steps, bucket):
    body = "Text with ünïcode, a % and a newline\n"
    for key in ("hello.txt", "a/b c+d %2F ü 😀.txt"):
        steps.run("create_text_file", bucket, key, body, want="Creating new item: %s\nItem: %s created!\n" % (key, key))
        steps.run(
            "get_item",
            bucket,
            key,
            want="Retrieving item from bucket: %s, key: %s\nFile Contents: %r\n" % (bucket, key, body.encode()),
        )
    size = len(body.encode())
    steps.run(
        "get_bucket_contents",
        bucket,
        want="Retrieving bucket contents from: %s\n"
        "Item: a/b c+d %%2F ü 😀.txt (%d bytes).\nItem: hello.txt (%d bytes).\n" % (bucket, size, size),
    )
    steps.run(
        "delete_bucket",
        bucket,
        want=re.compile(
            r"Deleting bucket: %s\nCLIENT ERROR: An error occurred \(BucketNotEmpty\) "
            r"when calling the DeleteBucket operation: .+\n\n" % bucket
        ),
    )
    steps.run(
        "get_item",
        bucket,
        "missing",
        want="Retrieving item from bucket: %s, key: missing\n"
        "CLIENT ERROR: An error occurred (NoSuchKey) when calling the GetObject operation: "
        "The specified key does not exist.\n\n" % bucket,
    )


def owner(steps, bucket):
    grants = r"Owner: (?P<name>.+)\nUser: (?P=name) \(FULL_CONTROL\)\n"
    steps.run("get_bucket_acl", bucket, want=re.compile("Retrieving ACL for bucket: %s\n" % bucket + grants))
    steps.run(
        "get_item_acl",
        bucket,
        "hello.txt",
        want=re.compile("Retrieving ACL for hello.txt from bucket: %s\n" % bucket + grants),
    )


def large(steps, cos, bucket, scratch):
    path = os.path.join(scratch, "large.bin")
    size = 17 * MIB + 4321  # above every threshold of the page, with a short last part
    content = hashlib.shake_128(b"icos").digest(size)
    with open(path, "wb") as f:
        f.write(content)
    parts = [content[i : i + 5 * MIB] for i in range(0, size, 5 * MIB)]
    md5s = b"".join(hashlib.md5(p).digest() for p in parts)
    etag = '"%s-%d"' % (hashlib.md5(md5s).hexdigest(), len(parts))

    steps.run(
        "multi_part_upload",
        bucket,
        "managed",
        path,
        want="Starting file transfer for managed to bucket: %s\n\nTransfer for managed Complete!\n\n" % bucket,
    )
    progress = "".join("Uploading to manual (part %d of 4)\n" % n for n in range(1, 5))
    steps.run(
        "multi_part_upload_manual",
        bucket,
        "manual",
        path,
        want="Starting multi-part upload for manual to bucket: %s\n\n%sUpload for manual Complete!\n\n"
        % (bucket, progress),
    )
    steps.run(
        "upload_large_file",
        bucket,
        "transferred",
        path,
        want="Starting large file upload for transferred to bucket: %s\nLarge file upload complete!\n" % bucket,
    )
    for key in ("managed", "manual", "transferred"):
        item = cos.Object(bucket, key).get()
        steps.check(key + " etag", item["ETag"] == etag, "%s, want %s" % (item["ETag"], etag))
        steps.check(key + " content", item["Body"].read() == content, "differs from what was uploaded")

    back = os.path.join(scratch, "back.bin")
    cos.Bucket(bucket).download_file("managed", back)
    with open(back, "rb") as f:
        steps.check("download_file", f.read() == content, "differs from what was uploaded")
    middle = cos.Object(bucket, "manual").get(Range="bytes=5242870-5242889")
    steps.check("range", middle["Body"].read() == content[5242870:5242890], "differs from what was uploaded")
    cos.Object(bucket, "copied").copy({"Bucket": bucket, "Key": "manual"})
    steps.check("copy", cos.Object(bucket, "copied").get()["Body"].read() == content, "differs from its source")


def paged(steps, cos, bucket):
    keys = sorted(o.key for o in cos.Bucket(bucket).objects.all())
    out = "Retrieving bucket contents from: %s\n" % bucket
    for i, key in enumerate(keys):
        size = cos.Object(bucket, key).content_length
        if i > 0 and i % 2 == 0:
            out += "...More results in next batch!\n\n"
        out += "Item: %s (%d bytes).\n" % (key, size)
    steps.run("get_bucket_contents_v2", bucket, 2, want=out + "DONE!\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

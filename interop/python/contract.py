"""Calls of IBM's SDK for Python, one per line of standard input.

usage: python contract.py ENDPOINT CREDENTIAL

A line is {"op": NAME, "in": PARAMETERS, "page": N}; the answer is a line
{"status": ..., "out": ...} or {"status": ..., "error": CODE, "message": ...}.
NAME is an operation of the SDK's own model, or one of

  paginate NAME   all pages of the SDK's paginator, N a page, merged
  wait NAME       one of the SDK's waiters
  presign NAME    a presigned request, which is then sent without the SDK
  post            a presigned form, which is then posted without the SDK; with the
                  parameter Signature it is s3, for version 2
  model           what there is to call

CREDENTIAL is a service credential, the JSON that COS issues. Calls use its API
key; what is presigned uses its HMAC keys.
"""

import datetime
import json
import re
import sys

import ibm_boto3
import requests
from ibm_botocore.config import Config
from ibm_botocore.exceptions import ClientError, ParamValidationError, WaiterError

endpoint, credential = sys.argv[1:]
with open(credential) as f:
    credential = json.load(f)


def new_client(**credentials):
    config = Config(
        signature_version=credentials.pop("signature_version"),
        s3={"addressing_style": "path"},
        retries={"max_attempts": 0},
    )
    # A session each: clients of one session share the instance of the last.
    return ibm_boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-south",
        config=config,
        **credentials,
    )


client = new_client(
    signature_version="oauth",
    ibm_api_key_id=credential["apikey"],
    ibm_service_instance_id=credential["resource_instance_id"],
    ibm_auth_endpoint=endpoint + "/identity/token",
)
keys = {
    "aws_access_key_id": credential["cos_hmac_keys"]["access_key_id"],
    "aws_secret_access_key": credential["cos_hmac_keys"]["secret_access_key"],
}
signers = {version: new_client(signature_version=version, **keys) for version in ("s3v4", "s3")}
model = client.meta.service_model


def method(name):
    """PutObject is put_object of the client."""
    return next(m for m, op in client.meta.method_to_api_mapping.items() if op == name)


def describe():
    names = list(model.operation_names)
    return {
        "operations": names,
        "paginators": [n for n in names if client.can_paginate(method(n))],
        "waiters": ["".join(w.title() for w in name.split("_")) for name in client.waiter_names],
        "presigns": ["GetObject", "PutObject"],
        "posts": True,
    }


def plain(value):
    """What JSON has no form for, in one that all SDKs share."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != "ResponseMetadata"}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if hasattr(value, "read"):
        return value.read().decode()
    return value


def sent(answer):
    return {"status": answer.status_code, "out": {"Body": answer.text, **answer.headers}}


def call(op, params, page):
    kind, _, name = op.rpartition(" ")
    if op == "model":
        return {"status": 200, "out": describe()}
    if op == "post":
        form = signers[params.get("Signature", "s3v4")].generate_presigned_post(
            params["Bucket"], params["Key"], Fields=params.get("Fields"), Conditions=params.get("Conditions")
        )
        return sent(requests.post(form["url"], data=form["fields"], files={"file": ("hello.txt", params["Body"])}))
    if kind == "presign":
        body = params.pop("Body", None)
        link = signers["s3v4"].generate_presigned_url(method(name), params, ExpiresIn=60)
        return sent(requests.request("PUT" if name.startswith("Put") else "GET", link, data=body))
    if kind == "paginate":
        pages = client.get_paginator(method(name)).paginate(**params, PaginationConfig={"PageSize": page})
        return {"status": 200, "out": plain(pages.build_full_result())}
    if kind == "wait":
        waiter = client.get_waiter(re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower())
        waiter.wait(**params, WaiterConfig={"Delay": 1, "MaxAttempts": 3})
        return {"status": 200, "out": {}}
    out = getattr(client, method(name))(**params)
    return {"status": out["ResponseMetadata"]["HTTPStatusCode"], "out": plain(out)}


def answer(line):
    try:
        return call(line["op"], line.get("in") or {}, line.get("page"))
    except ClientError as e:
        status = e.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"status": status, "error": e.response["Error"]["Code"], "message": str(e)}
    except (ParamValidationError, WaiterError) as e:
        return {"status": 0, "error": type(e).__name__, "message": str(e)}
    except Exception as e:  # what the SDK cannot parse is what this is to find
        return {"status": 0, "error": "sdk: " + type(e).__name__, "message": str(e)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)

"""Run the Aspera manager of IBM's SDK against a local COS, up to the engine that moves the bytes.

usage: aspera.py ENDPOINT CREDENTIAL

The engine is a closed extension module, cos_aspera.faspmanager2, which cannot be had. A stand-in takes its place: it
keeps the transfer spec that the SDK hands it, and reports the sessions of a transfer that goes well. All before that is
IBM's own code: the request for connection info, the delegated token, the setup, what it makes of the answer, and the
queue with its callbacks.

CREDENTIAL is a service credential, the JSON that COS issues.
"""

import json
import os
import sys
import tempfile
import threading
import types
import uuid


class Engine(types.ModuleType):
    """The stand-in for cos_aspera.faspmanager2."""

    class ITransferListener:
        pass

    def __init__(self):
        super().__init__("cos_aspera.faspmanager2")
        self.__file__ = __file__
        self.specs = {}
        self.running = set()

    def configureAsperaLocation(self, path):
        pass

    def configureLogLocation(self, path):
        pass

    def startTransfer(self, transfer, _, spec, listener):
        self.specs[transfer] = json.loads(spec)
        self.running.add(transfer)
        threading.Thread(target=self.report, args=(transfer, listener), daemon=True).start()

    def report(self, transfer, listener):
        """Tell the listener of each session: that it began, how far it is, and that it is done."""
        sessions = [str(uuid.uuid4()) for _ in range(max(1, self.specs[transfer].get("multi_session", 1)))]
        for kind in ("INIT", "STATS", "DONE"):
            for session in sessions:
                message = "FASPMGR 2\nType: %s\nSessionId: %s\nTransferBytes: 1000\n\n" % (kind, session)
                listener.transferReporter(transfer, message)
        self.running.discard(transfer)

    def isRunning(self, transfer):
        return transfer in self.running

    def stopTransfer(self, transfer):
        self.running.discard(transfer)
        return True

    def modifyTransfer(self, transfer, option, value):
        return True


engine = Engine()
package = types.ModuleType("cos_aspera")
package.faspmanager2 = engine
sys.modules["cos_aspera"] = package
sys.modules["cos_aspera.faspmanager2"] = engine

import ibm_boto3  # noqa: E402 (the stand-in has to be there first)
from ibm_botocore.client import Config  # noqa: E402
from ibm_botocore.credentials import DelegatedTokenManager  # noqa: E402
from ibm_s3transfer.aspera.exceptions import AsperaTransferSpecError  # noqa: E402
from ibm_s3transfer.aspera.manager import AsperaConfig, AsperaManagerConfig, AsperaTransferManager  # noqa: E402
from ibm_s3transfer.aspera.subscribers import AsperaBaseSubscriber  # noqa: E402

# What a transfer spec has to have, of which type; IBM's documents and SDKs name these.
FIELDS = {
    "direction": str,
    "remote_host": str,
    "remote_user": str,
    "ssh_port": int,
    "fasp_port": int,
    "token": str,
    "cookie": str,
    "cipher": str,
    "sshfp": str,
    "paths": list,
    "source_root": str,
    "destination_root": str,
    "rate_policy": str,
    "rate_policy_allowed": str,
    "target_rate_kbps": int,
    "target_rate_cap_kbps": int,
    "min_rate_kbps": int,
    "min_rate_cap_kbps": int,
    "lock_rate_policy": bool,
    "lock_target_rate": bool,
    "lock_min_rate": bool,
    "http_fallback": bool,
    "tags": dict,
}


class Calls(AsperaBaseSubscriber):
    """Notes which callbacks are made."""

    def __init__(self):
        self.made = []

    def on_queued(self, future, **kwargs):
        self.made.append("queued")

    def on_progress(self, future, bytes_transferred, **kwargs):
        self.made.append(bytes_transferred)

    def on_done(self, future, **kwargs):
        self.made.append("done")


def check(name, ok, message=""):
    if not ok:
        sys.exit("%s: %s" % (name, message))
    print("ok", name)


def equal(name, got, want):
    check(name, got == want, "got %r, want %r" % (got, want))


def spec_of(name, future):
    """Return the spec that the engine was given, after what every spec has to have was looked at."""
    future.result()
    check(name, future.is_success() and not future.is_error(), future.get_last_error())
    spec = engine.specs[future.meta.transfer_id]
    for field, kind in FIELDS.items():
        check("%s: %s" % (name, field), type(spec.get(field)) is kind, "is %r" % spec.get(field))
    equal(name + ": user and ports", (spec["remote_user"], spec["ssh_port"], spec["fasp_port"]), ("xfer", 33001, 33001))
    equal(name + ": no nulls", [field for field, value in spec.items() if value is None], [])
    token = spec["tags"]["aspera"]["node"]["storage_credentials"]["token"]["delegated_refresh_token"]
    check(name + ": delegated token", len(token) > 40)
    # An extension of ours, which the SDK hands on with the rest.
    check(name + ": icos_rapid", len(spec["icos_rapid"]["addrs"]) > 0)
    return spec


def refused(name, future, words):
    """Check that a transfer ends for want of a spec."""
    try:
        future.result()
    except AsperaTransferSpecError as e:
        check(name, words in str(e), "the error is %r" % e)
    else:
        sys.exit(name + ": no error")


def connect(endpoint, credential):
    return ibm_boto3.client(
        "s3",
        ibm_api_key_id=credential["apikey"],
        ibm_service_instance_id=credential["resource_instance_id"],
        ibm_auth_endpoint=endpoint + "/identity/token",
        config=Config(signature_version="oauth"),
        endpoint_url=endpoint,
    )


def transfers(manager, bucket, scratch):
    """Run a transfer of each kind."""
    directory, back = os.path.join(scratch, "out", ""), os.path.join(scratch, "in", "")
    os.mkdir(directory)
    os.mkdir(back)
    path = os.path.join(directory, "film.mov")
    with open(path, "wb") as f:
        f.write(b"x" * 1000)

    calls = Calls()
    spec = spec_of("upload", manager.upload(path, bucket, "new/film.mov", subscribers=[calls]))
    equal("upload: direction", spec["direction"], "send")
    equal("upload: paths", spec["paths"], [{"source": path, "destination": "new/film.mov"}])
    equal("upload: destination_root", spec["destination_root"], "/")
    equal("upload: callbacks", calls.made, ["queued", 1000, "done"])

    spec = spec_of("download", manager.download(bucket, "films/film.mov", back + "film.mov"))
    equal("download: direction", spec["direction"], "receive")
    equal("download: paths", spec["paths"], [{"source": "films/film.mov", "destination": back + "film.mov"}])

    spec = spec_of("upload_directory", manager.upload_directory(directory, bucket, "tree/"))
    equal("upload_directory: paths", spec["paths"], [{"source": directory, "destination": "tree/"}])
    for prefix in ("films", "films/"):
        spec = spec_of("download_directory " + prefix, manager.download_directory(bucket, prefix, back))
        equal("download_directory: paths", spec["paths"], [{"source": prefix, "destination": back}])

    config = AsperaConfig(
        multi_session=3, multi_session_threshold_mb=60, target_rate_mbps=2500, min_rate_mbps=10, rate_policy="high",
        lock_min_rate=True, destination_root="/elsewhere",
    )
    calls = Calls()
    future = manager.upload(path, bucket, "new/film.mov", transfer_config=config, subscribers=[calls])
    spec = spec_of("multi_session", future)
    for field, want in {
        "multi_session": 3, "multi_session_threshold": 60000000, "target_rate_kbps": 2500000, "min_rate_kbps": 10000,
        "rate_policy": "high", "lock_min_rate": True, "destination_root": "/elsewhere",
    }.items():
        equal("multi_session: " + field, spec[field], want)
    equal("multi_session: callbacks", calls.made, ["queued", 1000, 2000, 3000, "done"])

    future = manager.upload(path, bucket, "new/film.mov", transfer_config=AsperaConfig(multi_session="all"))
    every = spec_of("multi_session all", future)
    equal("multi_session all: sessions", every["multi_session"], 0)
    first, dot, rest = spec["remote_host"].partition(".")
    equal("multi_session all: remote_host", every["remote_host"], first + "-all" + dot + rest)


def errors(client, manager, credential, endpoint, bucket, scratch):
    """Ask for what there is no spec for."""
    target = os.path.join(scratch, "nothing")
    # The SDK looks for a member that an element with an error does not have.
    refused("download of nothing", manager.download(bucket, "missing", target), "transfer_spec")
    refused("download_directory of nothing", manager.download_directory(bucket, "missing/", scratch), "transfer_spec")
    refused("no such bucket", manager.download("missing-" + bucket, "films/film.mov", target), "NoSuchBucket")

    manager._get_aspera_metadata = lambda name: ("somebody", "else", endpoint)
    refused("another access key", manager.download(bucket, "films/film.mov", target), "transfer_specs")

    stranger = DelegatedTokenManager(
        api_key_id=credential["apikey"], service_instance_id=credential["resource_instance_id"],
        auth_endpoint=endpoint + "/identity/token", receiver_client_ids="somebody_else",
    )
    with AsperaTransferManager(client, delegated_token_manager=stranger) as other:
        refused("token for another service", other.download(bucket, "films/film.mov", target), "transfer_specs")

    keys = credential["cos_hmac_keys"]
    hmac = ibm_boto3.client(
        "s3", aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["secret_access_key"], endpoint_url=endpoint
    )
    info = hmac.get_bucket_aspera(Bucket=bucket)
    equal("connection info, with HMAC keys", info["AccessKey"]["Id"], client.get_bucket_aspera(Bucket=bucket)["AccessKey"]["Id"])
    try:
        AsperaTransferManager(hmac)
    except AttributeError:
        check("HMAC keys cannot be delegated", True)
    else:
        sys.exit("a manager with HMAC keys was made")


def main(endpoint, credential_path):
    with open(credential_path) as f:
        credential = json.load(f)
    client = connect(endpoint, credential)
    bucket = "aspera-replay"
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="films/film.mov", Body=b"x" * 1000)

    info = client.get_bucket_aspera(Bucket=bucket)
    equal("connection info: ATSEndpoint", info["ATSEndpoint"], endpoint)
    check("connection info: AccessKey", info["AccessKey"]["Id"] and len(info["AccessKey"]["Secret"]) > 20)

    with tempfile.TemporaryDirectory() as scratch:
        with AsperaTransferManager(client, AsperaManagerConfig(verify_ssl=True)) as manager:
            transfers(manager, bucket, scratch)
            errors(client, manager, credential, endpoint, bucket, scratch)
    print("aspera:", len(engine.specs), "transfers")


main(*sys.argv[1:])

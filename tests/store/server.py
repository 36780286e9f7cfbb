"""A server of S3 on this machine that checks signatures and permissions, with a bucket and three users.

Writes a JSON file with the address, the bucket and the key pairs, and serves until its standard input ends. Not here: the tests,
which are tests/it/store/moto.rs.
"""

import json
import os
import sys
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "rejected-rows"
REGION = "eu-west-1"

# What each user may do, with any bucket.
USERS = {"owner": ["s3:*"], "writer": ["s3:PutObject"], "reader": ["s3:GetObject"]}


def main(file: str) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"

    def client(service: str):
        keys = {"aws_access_key_id": "setup", "aws_secret_access_key": "setup"}
        return boto3.client(service, endpoint_url=endpoint, region_name=REGION, **keys)

    client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    iam = client("iam")
    users = {}
    for name, actions in USERS.items():
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": actions, "Resource": "arn:aws:s3:::*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        users[name] = {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}
    # From now on, every request has to be signed by one of them.
    reset = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(reset).read()

    with open(f"{file}.new", "w") as description:
        json.dump({"endpoint": endpoint, "bucket": BUCKET, "region": REGION, "users": users}, description)
    os.rename(f"{file}.new", file)
    sys.stdin.read()
    server.stop()


main(sys.argv[1])

"""A session with Vault through hvac. Arguments: the address, the root token."""
import sys
import time

from importlib.metadata import version

import hvac
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import serialization
import jwt as pyjwt

address, token = sys.argv[1:3]
client = hvac.Client(url=address, token=token)
checks = 0


def check(what, truth):
    global checks
    assert truth, what
    checks += 1


def refused(kind, work, *arguments, **named):
    try:
        work(*arguments, **named)
    except kind as error:
        return str(error)
    raise AssertionError(f"{work} was not refused")


check("authenticated", client.is_authenticated())
check("initialised", client.sys.is_initialized() and not client.sys.is_sealed())

# KV, both versions
client.secrets.kv.v2.create_or_update_secret(path="app/db", secret={"password": "one"})
client.secrets.kv.v2.create_or_update_secret(path="app/db", secret={"password": "two"})
read = client.secrets.kv.v2.read_secret_version(path="app/db", raise_on_deleted_version=True)
check("the second version", read["data"]["data"] == {"password": "two"} and read["data"]["metadata"]["version"] == 2)
read = client.secrets.kv.v2.read_secret_version(path="app/db", version=1, raise_on_deleted_version=True)
check("the first version", read["data"]["data"] == {"password": "one"})
told = refused(hvac.exceptions.InvalidRequest, client.secrets.kv.v2.create_or_update_secret, path="app/db", secret={}, cas=1)
check("check-and-set", "did not match the current version" in told)
client.secrets.kv.v2.patch(path="app/db", secret={"user": "me"})
check("listed", client.secrets.kv.v2.list_secrets(path="app")["data"]["keys"] == ["db"])
client.secrets.kv.v2.delete_latest_version_of_secret(path="app/db")
refused(hvac.exceptions.InvalidPath, client.secrets.kv.v2.read_secret_version, path="app/db", raise_on_deleted_version=True)
client.secrets.kv.v2.undelete_secret_versions(path="app/db", versions=[3])
client.secrets.kv.v2.delete_metadata_and_all_versions(path="app/db")
client.sys.enable_secrets_engine("kv", path="kv1", options={"version": "1"})
client.secrets.kv.v1.create_or_update_secret(path="a", secret={"k": "v"}, mount_point="kv1")
check("KV 1", client.secrets.kv.v1.read_secret(path="a", mount_point="kv1")["data"] == {"k": "v"})

# policies and tokens
client.sys.create_or_update_policy("reader", 'path "kv1/*" {\n  capabilities = ["read"]\n}\n')
check("policy", "reader" in client.sys.list_policies()["data"]["policies"])
made = client.auth.token.create(policies=["reader"], ttl="1h", meta={"who": "hvac"})
reader = hvac.Client(url=address, token=made["auth"]["client_token"])
check("allowed", reader.secrets.kv.v1.read_secret(path="a", mount_point="kv1")["data"] == {"k": "v"})
refused(hvac.exceptions.Forbidden, reader.secrets.kv.v1.create_or_update_secret, path="b", secret={"k": "v"}, mount_point="kv1")
check("looked up", reader.auth.token.lookup_self()["data"]["meta"] == {"who": "hvac"})
check("renewed", reader.auth.token.renew_self()["auth"]["lease_duration"] == 3600)
client.auth.token.revoke_accessor(made["auth"]["accessor"])
check("revoked", not reader.is_authenticated())
wrapped = client.write("auth/token/create", wrap_ttl="60s", policies=["reader"])
unwrapped = client.sys.unwrap(wrapped["wrap_info"]["token"])
check("unwrapped", unwrapped["auth"]["policies"] == ["default", "reader"])

# PKI with leases
client.sys.enable_secrets_engine("pki", path="pki")
client.sys.tune_mount_configuration("pki", max_lease_ttl="87600h")
root = client.secrets.pki.generate_root("internal", "global.nomad", {"ttl": "87600h", "key_type": "ec", "key_bits": 256})
role = {"allowed_domains": "global.nomad", "allow_subdomains": True, "generate_lease": True, "key_type": "ec", "key_bits": 256}
client.secrets.pki.create_or_update_role("cluster", role)
issued = client.secrets.pki.generate_certificate("cluster", "server.global.nomad", {"ttl": "1h"})
leaf = x509.load_pem_x509_certificate(issued["data"]["certificate"].encode())
ca = x509.load_pem_x509_certificate(root["data"]["certificate"].encode())
leaf.verify_directly_issued_by(ca)
check("listed", issued["data"]["serial_number"] in client.secrets.pki.list_certificates()["data"]["keys"])
told = refused(hvac.exceptions.InvalidRequest, client.secrets.pki.generate_certificate, "cluster", "evil.example.com")
check("another domain", "common name evil.example.com not allowed by this role" in told)
check("leased", client.sys.read_lease(issued["lease_id"])["data"]["renewable"] is False)
client.sys.revoke_lease(issued["lease_id"])
for _ in range(50):
    revoked = client.secrets.pki.read_certificate(issued["data"]["serial_number"])["data"]["revocation_time"]
    if revoked:
        break
    time.sleep(0.1)
check("revoked with its lease", revoked > 0)

# JWT
key = ec.generate_private_key(ec.SECP256R1())
public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
client.sys.enable_auth_method("jwt", path="jwt-nomad")
client.auth.jwt.configure(jwt_validation_pubkeys=[public], path="jwt-nomad")
client.auth.jwt.create_role("work", role_type="jwt", user_claim="nomad_job_id", allowed_redirect_uris=[], bound_audiences=["vault.io"],
                            token_policies=["reader"], claim_mappings={"nomad_task": "task"}, path="jwt-nomad")
claims = {"aud": "vault.io", "nomad_job_id": "app", "nomad_task": "db", "iat": int(time.time()), "exp": int(time.time()) + 300}
signed = pyjwt.encode(claims, key, algorithm="ES256")
logged_in = client.auth.jwt.jwt_login("work", signed, use_token=False, path="jwt-nomad")
check("logged in", logged_in["auth"]["policies"] == ["default", "reader"] and logged_in["auth"]["metadata"]["task"] == "db")
claims["aud"] = "elsewhere"
told = refused(hvac.exceptions.InvalidRequest, client.auth.jwt.jwt_login, "work", pyjwt.encode(claims, key, algorithm="ES256"), path="jwt-nomad")
check("another audience", "audience" in told)
print(f"hvac {version('hvac')}: {checks} checks passed")

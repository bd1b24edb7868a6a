"""A session with Nomad through python-nomad. Argument: the address of a development agent with ACLs that nobody bootstrapped."""
import sys
import time
from importlib.metadata import version
from urllib.parse import urlparse

import nomad
from nomad.api import exceptions

address = urlparse(sys.argv[1])
checks = 0


def check(what, truth):
    global checks
    assert truth, what
    checks += 1


def client(token=None):
    return nomad.Nomad(host=address.hostname, port=address.port, token=token, timeout=10)


def refused(kind, work, *arguments, **named):
    try:
        work(*arguments, **named)
    except kind as error:
        return str(getattr(error, "nomad_resp", error).text)
    raise AssertionError(f"{work} was not refused")


def until(what, look):
    for _ in range(200):
        found = look()
        if found:
            return check(what, True)
        time.sleep(0.1)
    raise AssertionError(what)


# ACL
anonymous = client()
check("anonymous is refused", "Permission denied" in refused(exceptions.URLNotAuthorizedNomadException, anonymous.jobs.get_jobs))
bootstrap = anonymous.acl.generate_bootstrap()
check("the first token manages", bootstrap["Type"] == "management" and len(bootstrap["SecretID"]) == 36)
check("only once", "already done" in refused(exceptions.BaseNomadException, anonymous.acl.generate_bootstrap))
n = client(bootstrap["SecretID"])
rules = 'namespace "default" {\n  policy = "read"\n}\nnode {\n  policy = "read"\n}'
n.acl.create_policy("reader", {"Name": "reader", "Description": "reads", "Rules": rules})
check("the policy is listed", [policy["Name"] for policy in n.acl.get_policies()] == ["reader"])
check("the policy is read", "policy = \"read\"" in n.acl.get_policy("reader")["Rules"])
token = n.acl.create_token({"Name": "r", "Type": "client", "Policies": ["reader"], "Global": False})
check("the token is listed", token["AccessorID"] in [found["AccessorID"] for found in n.acl.get_tokens()])
reader = client(token["SecretID"])
check("the token knows itself", reader.acl.get_self_token()["AccessorID"] == token["AccessorID"])
check("a reader lists jobs", reader.jobs.get_jobs() == [])

# Nodes
until("a node is ready", lambda: [node for node in n.nodes.get_nodes() if node["Status"] == "ready"])
node = n.nodes.get_nodes()[0]
check("the node by id", n.node.get_node(node["ID"])["Name"] == node["Name"])
check("the node by its place in the library", node["ID"] in n.nodes and len(n.nodes) == 1)
n.node.eligible_node(node["ID"], ineligible=True)
check("it is ineligible", n.node.get_node(node["ID"])["SchedulingEligibility"] == "ineligible")
n.node.eligible_node(node["ID"], eligible=True)
check("it is eligible", n.node.get_node(node["ID"])["SchedulingEligibility"] == "eligible")
refused(exceptions.BaseNomadException, n.node.get_node, "00000000-0000-0000-0000-000000000000")
checks += 1

# Jobs and allocations
task = {"Name": "t", "Driver": "raw_exec", "Config": {"command": "sleep", "args": ["600"]}, "Resources": {"CPU": 50, "MemoryMB": 32}}
job = {"ID": "web", "Name": "web", "Type": "service", "TaskGroups": [{"Name": "g", "Count": 1, "Tasks": [task]}]}
parsed = n.jobs.parse('job "web" {\n  group "g" {\n    task "t" {\n      driver = "raw_exec"\n      config {\n        command = "sleep"\n      }\n    }\n  }\n}')
check("HCL is parsed", parsed["ID"] == "web" and parsed["TaskGroups"][0]["Tasks"][0]["Driver"] == "raw_exec")
check("the plan creates one", n.job.plan_job("web", {"Job": job, "Diff": True})["Diff"]["Type"] == "Added")
registered = n.job.register_job("web", {"Job": job})
check("an evaluation follows", len(registered["EvalID"]) == 36)
until("the evaluation completes", lambda: n.evaluation.get_evaluation(registered["EvalID"])["Status"] == "complete")
until("an allocation runs", lambda: [a for a in n.job.get_allocations("web") if a["ClientStatus"] == "running"])
allocation = n.job.get_allocations("web")[0]
check("the allocation by id", n.allocation.get_allocation(allocation["ID"])["TaskStates"]["t"]["State"] == "running")
check("allocations are listed", allocation["ID"] in [found["ID"] for found in n.allocations.get_allocations()])
check("the node has it", allocation["ID"] in [found["ID"] for found in n.node.get_allocations(node["ID"])])
check("its directory is listed", "alloc" in [entry["Name"] for entry in n.client.ls.list_files(allocation["ID"], "/")])
check("the summary counts it", n.job.get_summary("web")["Summary"]["g"]["Running"] == 1)
check("the deployment is there", n.job.get_deployment("web")["JobID"] == "web")
refused(exceptions.URLNotAuthorizedNomadException, reader.job.register_job, "web", {"Job": job})
checks += 1
job["TaskGroups"][0]["Count"] = 2
n.job.register_job("web", {"Job": job})
until("two run", lambda: n.job.get_summary("web")["Summary"]["g"]["Running"] == 2)
check("two versions", [found["Version"] for found in n.job.get_versions("web")["Versions"]] == [1, 0])
n.job.revert_job("web", 0, 1)
until("one runs again", lambda: n.job.get_summary("web")["Summary"]["g"]["Running"] == 1)
n.job.deregister_job("web")
until("it is stopped", lambda: n.job.get_job("web")["Status"] == "dead")
n.job.deregister_job("web", purge=True)
check("it is gone", "job not found" in refused(exceptions.URLNotFoundNomadException, n.job.get_job, "web"))

# Variables
n.variable.create_variable("app/db", {"Items": {"user": "u", "password": "p"}})
check("the variable is read", n.variable.get_variable("app/db")["Items"] == {"user": "u", "password": "p"})
at = n.variable.get_variable("app/db")["ModifyIndex"]
n.variable.create_variable("app/db", {"Items": {"user": "v"}}, cas=at)
check("it is written at its index", n.variable.get_variable("app/db")["Items"] == {"user": "v"})
refused(exceptions.VariableConflict, n.variable.create_variable, "app/db", {"Items": {"user": "w"}}, cas=at)
checks += 1
check("it is listed", [found["Path"] for found in n.variables.get_variables()] == ["app/db"])
refused(exceptions.URLNotAuthorizedNomadException, reader.variable.get_variable, "app/db")
checks += 1
n.variable.delete_variable("app/db")
check("it is deleted", n.variables.get_variables() == [])

# Namespaces
n.namespace.create_namespace({"Name": "apart", "Description": "for one team"})
check("the namespace is read", n.namespace.get_namespace("apart")["Description"] == "for one team")
check("namespaces are listed", [found["Name"] for found in n.namespaces.get_namespaces()] == ["apart", "default"])
check("nothing runs there", n.jobs.get_jobs(namespace="apart") == [])
n.namespace.delete_namespace("apart")
refused(exceptions.URLNotFoundNomadException, n.namespace.get_namespace, "apart")
checks += 1

# The agent
check("there is a leader", ":" in n.status.leader.get_leader())
check("the member is alive", n.agent.get_members()["Members"][0]["Status"] == "alive")
n.acl.delete_token(token["AccessorID"])
refused(exceptions.URLNotAuthorizedNomadException, reader.jobs.get_jobs)
n.acl.delete_policy("reader")
check("no policy is left", n.acl.get_policies() == [])

print(f"python-nomad {version('python-nomad')}: {checks} checks passed")

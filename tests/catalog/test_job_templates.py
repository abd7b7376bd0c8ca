"""Texts and choices of job configurations: Handlebars, paths, switches, in the forms of SciCat's example file."""

import logging
import threading

import pytest
import yaml

from jupyter_shinecat.catalog.errors import CatalogError, Refused
from jupyter_shinecat.catalog.managers import handlebars, job_actions
from jupyter_shinecat.catalog.managers.handlebars import Template, TemplateError
from jupyter_shinecat.catalog.managers.job_actions import JobActions, chosen
from jupyter_shinecat.catalog.managers.job_rules import JobRules
from jupyter_shinecat.catalog.managers.json_path import JsonPath

CONTEXT = {
    "a": {"b": 1, "c": "x y", "d": "<&>\"'`="}, "l": ["p", "q"], "no": [], "zero": 0, "half": 1.5,
    "o": [{"n": "1", "good": True}, {"n": "2"}], "map": {"one": 1, "two": [1, "x"]},
    "job": {"id": "7", "type": "archive", "contactEmail": "a@x.org", "createdBy": "li", "statusCode": "done",
            "createdAt": "2026", "jobParams": {"subject": "", "datasetList": [{"pid": "p/1", "files": []}]}},
}  # fmt: skip


LISTED = "<ul style='padding-left: 1em'><li style='margin-bottom: 1em'>1</li><li style='margin-bottom: 1em'>x</li></ul>"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{a.b}}", "1"), ("{{ a.b }}", "1"), ("{{{a.c}}}", "x y"), ("{{none}}-{{a.none.more}}", "-"),
        ("{{a.d}}", "&lt;&amp;&gt;&quot;&#x27;&#x60;&#x3D;"), ("{{{a.d}}}", "<&>\"'`="), ("{{&a.c}}", "x y"),
        ("{{l.[1]}}{{l.1}}", "qq"), ("{{l}}", "p,q"), ("{{half}}", "1.5"), ("{{l.length}}", "2"), ("{{a/c}}", "x y"),
        ('{"x": {{a.b}}}', '{"x": 1}'), ('{"x": {{{jsonify l}}}}', '{"x": [\n   "p",\n   "q"\n]}'),
        ("a{{! no }}b{{!-- {{no}} --}}c", "abc"), ("a {{~a.b~}}  c", "a1c"), ("{{'text'}}", "text"),
        # Blocks
        ("{{#each l}}{{@index}}{{this}}{{#unless @last}}, {{/unless}}{{/each}}", "0p, 1q"),
        ("{{#each no}}x{{else}}none{{/each}}", "none"), ("{{#each map}}{{@key}}={{.}};{{/each}}", "one=1;two=1,x;"),
        ("{{#each o as |x i|}}{{i}}{{x.n}}{{../a.b}}{{/each}}", "011121"),
        ("{{#each o}}{{#each ../l}}{{this}}{{../n}}{{@root.a.b}}{{/each}}{{/each}}", "p11q11p21q21"),
        ("{{#if a.z}}y{{else if a.b}}z{{else}}n{{/if}}!", "z!"), ("{{#if zero}}y{{^}}n{{/if}}", "n"),
        ("{{#if no}}y{{else}}{{#if l}}q{{/if}}r{{/if}}s", "qrs"), ("{{#unless a.b}}y{{else}}n{{/unless}}", "n"),
        ("{{#with a}}{{b}}{{../zero}}{{/with}}{{#with none}}x{{else}}y{{/with}}", "10y"),
        ("{{#with a as |w|}}{{w.b}}{{/with}}", "1"), ("{{#l}}{{.}};{{/l}}{{^none}}no{{/none}}", "p;q;no"),
        ("x\n  {{#each l}}\n  - {{.}}\n  {{/each}}\ny", "x\n  - p\n  - q\ny"),
        # SciCat's helpers
        ("{{default job.jobParams.subject \"Job {x}\"}}", "Job {x}"), ("{{urlencode a.c}}", "x%20y"),
        ('{{#if (and (eq a.c "x y") (not zero))}}yes{{/if}}', "yes"), ("{{or zero a.b}}", "true"),
        ('{{concat "a" 1 true}}', "a1true"), ('{{matches a.c "^X" "i"}}{{matches a.c "^X"}}', "truefalse"),
        ("{{keyToWord 'numberOfFiles'}}", "Number Of Files"), ("{{{base64enc 'hi'}}}{{base64dec 'aGk='}}", "aGk=hi"),
        ('{{formatUnit 52428800 "B" precision=1}} {{formatUnit 1500 "eV"}}', "50 MiB 1.5 keV"),
        ("{{{unwrapJSON a.none}}}", "Not specified"), ("{{{unwrapJSON map.two}}}", LISTED),
        ("{{lookup (job_v3 job) 'jobStatusMessage'}}{{#with (job_v3 job)}}{{jobParams.username}}{{/with}}", "doneli"),
    ],
)  # fmt: skip
def test_what_templates_say(template, text):
    assert Template(template).filled(CONTEXT) == text


@pytest.mark.parametrize(
    "template",
    ["{{#each l}}", "{{}}", "{{ }}", "{{/if}}", "{{x", "{{> partial}}", "{{f (a}}", "{{f a)}}", "{{else}}",
     "{{#if a}}{{/each}}", "{{{{raw}}}}x{{{{/raw}}}}", "{{*decorator}}", '{{f "open}}'],
)  # fmt: skip
def test_what_is_no_template_is_refused_when_it_is_read(template):
    with pytest.raises(TemplateError):
        Template(template)


@pytest.mark.parametrize("template", ["{{nothing a.b}}", "{{base64dec 'ä'}}", "{{#if}}x{{/if}}", "{{matches a.c '('}}"])
def test_what_can_not_be_filled_says_so(template):
    with pytest.raises(TemplateError):
        Template(template).filled(CONTEXT)


def test_a_text_does_not_grow_without_end(monkeypatch):
    monkeypatch.setattr(handlebars, "MAX_CHARACTERS", 1000)
    many = {"l": list(range(100))}
    with pytest.raises(TemplateError, match="longer than"):
        Template("{{#each l}}{{#each ../l}}x{{/each}}{{/each}}").filled(many)


@pytest.mark.parametrize(
    ("path", "values"),
    [("job.jobParams.datasetList[*].pid", ["p/1"]), ("$.a.b", [1]), ("l[1]", ["q"]), ("l.*", ["p", "q"]), ("none", []),
     ("a['c']", ["x y"]), ("map.two[0]", [1]), ("l[9]", []), ("job.jobParams.datasetList[0].files", [[]])],
)  # fmt: skip
def test_places_in_json(path, values):
    assert JsonPath(path).found_in(CONTEXT) == values


@pytest.mark.parametrize("path", ["a[", "a..b", "a[?(@.x)]", "a]"])
def test_other_paths_are_refused(path):
    with pytest.raises(ValueError, match="no path"):
        JsonPath(path)


# In the form of SciCat's jobConfig.example.yaml, with everything that it uses.
CONFIGURATION = r"""
configVersion: v1.0 2026-11-22
jobs:
  - jobType: archive
    create:
      auth: "#datasetOwner"
      actions:
        - actionType: log
          init: "{{actionType}} is there"
          validate: "asked for {{request.type}}"
          perform: "(Job {{job.id}}) {{#each datasets}}{{pid}} {{/each}}"
        - actionType: validate
          datasets:
            "datasetlifecycle.archivable": {const: true}
    update:
      auth: archivemanager
      actions:
        - {actionType: rabbitmq, exchange: jobs.write, queue: client.jobs.write, key: jobqueue}
  - jobType: public
    create:
      auth: "#all"
      actions:
        - actionType: validate
          request:
            jobParams.datasetList[*]: {type: object, required: [pid, files]}
    update: {auth: archivemanager}
  - jobType: markForDeletion
    create:
      auth: "#datasetPolicyList"
      actions:
        - {actionType: groupedEmail, subject: "in {{ datasets.[0].ownerGroup }}", bodyTemplateFile: x.html}
    update: {auth: admin}
  - jobType: switch_demo
    create: {auth: admin}
    update:
      auth: "#jobOwnerUser"
      actions:
        - actionType: switch
          phase: perform
          property: request.statusCode
          cases:
            - match: finishedSuccessful
              actions: [&mail {actionType: email, ignoreErrors: true, to: "{{{ job.contactEmail }}}", subject: "ok"}]
            - regex: /unsuccessful|error/i
              actions: [{actionType: log, perform: failed}]
            - schema: {type: number}
              actions: [{actionType: log, validate: "a number"}]
            - actions:
              - {actionType: error, message: "No matching case for {{ job.statusCode }}"}
"""


@pytest.fixture
def rules():
    return JobRules(yaml.safe_load(CONFIGURATION))


@pytest.fixture
def run():
    actions = JobActions()
    yield actions
    actions.close()


def test_the_example_form_is_read_and_its_first_lines_are_logged(caplog):
    caplog.set_level(logging.INFO)
    JobRules(yaml.safe_load(CONFIGURATION))
    assert "log is there" in caplog.text
    assert "groupedEmail needs a mail server" in caplog.text
    assert "#datasetPolicyList" in caplog.text


@pytest.mark.parametrize(
    ("state", "kind"),
    [("finishedSuccessful", "email"), ("finishedUnSuccessful", "log"), ("other", "error"), ("Error", "log")],
)
def test_a_switch_takes_the_first_case_that_fits(rules, state, kind):
    actions = rules.of("switch_demo").update.actions
    context = {"request": {"statusCode": state}, "job": {"id": "7", "statusCode": state}}
    assert [action["actionType"] for action in chosen(actions, context, "perform")] == [kind]
    assert chosen(actions, context, "validate") == []


def test_what_is_left_out_and_what_is_refused(rules, run, caplog):
    actions = rules.of("switch_demo").update.actions
    good = {"request": {"statusCode": "finishedSuccessful"}, "job": {"id": "7", "statusCode": "finishedSuccessful"}}
    run.check(actions, good)
    run.act(actions, good)
    assert "left out" in caplog.text
    other = {"request": {"statusCode": "x"}, "job": {"id": "7", "statusCode": "x"}}
    run.check(actions, other)
    with pytest.raises(Refused, match="No matching case for x"):
        run.act(actions, other)
    with pytest.raises(Refused) as refused:
        run.check(rules.of("archive").update.actions, good)
    assert refused.value.status == 501


def test_requests_and_datasets_are_checked_by_their_schemas(rules, run):
    public, archive = rules.of("public").create.actions, rules.of("archive").create.actions
    run.check(public, {"request": {"jobParams": {"datasetList": [{"pid": "a", "files": []}]}}})
    for parameters, text in (
        ({"datasetList": [{"pid": "a"}]}, "Invalid value"),
        ({}, "Requires"),
        ({"datasetList": []}, "Requires"),
    ):
        with pytest.raises(Refused, match=text) as refused:
            run.check(public, {"request": {"jobParams": parameters}})
        assert refused.value.body["status"] == 400
    job = {"request": {"type": "archive"}, "job": {"id": "7"}}
    run.check(archive, {**job, "datasets": [{"pid": "a", "datasetlifecycle": {"archivable": True}}]})
    with pytest.raises(Refused, match="Dataset a"):
        run.check(archive, {**job, "datasets": [{"pid": "a", "datasetlifecycle": {"archivable": False}}]})
    with pytest.raises(Refused, match="datasetList"):
        run.check(archive, {**job, "datasets": []})


def test_logs_say_what_the_templates_say(rules, run, caplog):
    caplog.set_level(logging.INFO)
    context = {"request": {"type": "archive"}, "job": {"id": "7"},
               "datasets": [{"pid": "a\nb", "datasetlifecycle": {"archivable": True}}]}  # fmt: skip
    run.check(rules.of("archive").create.actions, context)
    run.act(rules.of("archive").create.actions, context)
    assert "asked for archive" in caplog.text
    assert "(Job 7) a b" in caplog.text


@pytest.mark.parametrize(
    "action",
    ["{actionType: log, perform: '{{#each}}'}", "{actionType: url, url: 'http://x/{{a'}", "{actionType: switch}",
     "{actionType: validate, request: {'a[': {}}}", "{actionType: validate, request: {a: {type: 7}}}",
     "{actionType: switch, property: a, cases: [{regex: x}]}",
     "{actionType: switch, property: a, cases: [{regex: '/(/'}]}",
     "{actionType: switch, property: a, phase: often}", "{actionType: switch, property: a, cases: [{actions: [{}]}]}",
     "{actionType: validate, request: [1]}", "{actionType: url, url: x, headers: {a: '{{'}}"],
)  # fmt: skip
def test_a_wrong_action_stops_the_start(action):
    jobs = {"jobs": [{"jobType": "t", "create": {"auth": "#all", "actions": [yaml.safe_load(action)]}}]}
    with pytest.raises(CatalogError, match="job configuration"):
        JobRules(jobs)


def test_jobs_are_refused_while_too_many_requests_wait(monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(job_actions, "_request", lambda _action, _context: gate.wait(30))
    monkeypatch.setattr(job_actions, "_MAX_WAITING", 3)
    asked, context = [{"actionType": "url", "url": "http://127.0.0.1/"}], {"job": {"id": "1"}, "request": {}}
    actions = JobActions()
    try:
        for _ in range(3):
            actions.check(asked, context)
            actions.act(asked, context)
        with pytest.raises(Refused) as refused:
            actions.check(asked, context)
        assert refused.value.status == 503
    finally:
        gate.set()
        actions.close()
    actions.check(asked, context)

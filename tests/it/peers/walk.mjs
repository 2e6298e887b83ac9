// fhir-kit-client walks a server: node walk.mjs MODULES BASE. The first step that goes wrong ends it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";

const [modules, baseUrl] = process.argv.slice(2);
const library = pathToFileURL(`${modules}/fhir-kit-client/dist/index.js`);
const { Client, CapabilityTool } = await import(library);
const client = new Client({ baseUrl });
const whole = { headers: { Prefer: "return=representation" } };
const status = (answer) => Client.httpFor(answer).response.status;
const refused = async (promise, wanted) => {
  const error = await promise.then(() => assert.fail("it was taken"), (error) => error);
  assert.equal(error.response?.status, wanted, String(error));
  assert.equal(error.response.data.resourceType, "OperationOutcome");
  return error.response.data.issue[0].code;
};

const tool = new CapabilityTool(await client.capabilityStatement());
assert.ok(tool.serverCan("transaction"));
for (const kind of ["Patient", "Observation"]) assert.ok(tool.resourceCan(kind, "create"), kind);
for (const kind of ["GuidanceResponse", "Task", "Provenance"]) assert.ok(!tool.resourceCan(kind, "create"), kind);
assert.ok(tool.resourceSearch("GuidanceResponse", "module"));
console.log("ok statement");

const identifier = [{ system: "urn:example:kit", value: randomUUID() }];
const body = { resourceType: "Patient", identifier, gender: "female", birthDate: "1970-05-06" };
const made = await client.create({ resourceType: "Patient", body, options: whole });
assert.equal(status(made), 201);
assert.equal(made.meta.versionId, "1");
const headers = { ...whole.headers, "If-None-Exist": `identifier=${identifier[0].system}|${identifier[0].value}` };
const again = await client.create({ resourceType: "Patient", body, options: { headers } });
assert.deepEqual([status(again), again.id], [200, made.id]);
console.log("ok create and conditional create");

const read = await client.read({ resourceType: "Patient", id: made.id });
assert.equal(Client.httpFor(read).response.headers.get("etag"), 'W/"1"');
const changed = { ...read, gender: "male" };
const updated = await client.update({
  resourceType: "Patient", id: made.id, body: changed, options: { headers: { ...whole.headers, "If-Match": 'W/"1"' } },
});
assert.equal(updated.meta.versionId, "2");
const stale = { resourceType: "Patient", id: made.id, body: changed, options: { headers: { "If-Match": 'W/"1"' } } };
assert.equal(await refused(client.update(stale), 412), "conflict");
assert.equal(await refused(client.read({ resourceType: "Patient", id: "does-not-exist" }), 404), "not-found");
console.log("ok update and refusals");

const entry = [1, 2, 3, 4, 5, 6, 7].map((day) => ({
  request: { method: "POST", url: "Observation" },
  resource: {
    resourceType: "Observation", status: "final", subject: { reference: `Patient/${made.id}` },
    code: { coding: [{ system: "http://loinc.org", code: "777-3" }] }, effectiveDateTime: `2026-03-0${day}`,
    valueQuantity: { value: 80 + day, system: "http://unitsofmeasure.org", code: "10*9/L" },
  },
}));
const taken = await client.transaction({ body: { resourceType: "Bundle", type: "transaction", entry } });
assert.equal(taken.entry.length, 7);
const searchParams = { patient: made.id, _count: "3" };
let page = await client.search({ resourceType: "Observation", searchParams });
const met = [];
while (page) {
  met.push(...(page.entry ?? []).map((e) => e.resource.id));
  page = await client.nextPage({ bundle: page });
}
assert.deepEqual([met.length, new Set(met).size], [7, 7]);
console.log("ok transaction and paging");

const data = { resourceType: "Bundle", type: "collection", entry: [{ resource: { ...read, id: "p" } }] };
const judged = await client.operation({
  name: "evaluate-eligibility", resourceType: "ResearchStudy", id: process.argv[4], method: "POST", input: data,
});
assert.equal(judged.resourceType, "GuidanceResponse");
const verdicts = await client.search({ resourceType: "GuidanceResponse", searchParams: { _count: "1" } });
const one = await client.resolve({ reference: verdicts.entry[0].fullUrl });
assert.deepEqual(one, verdicts.entry[0].resource);
const device = await client.resolve({ reference: one.performer.reference });
assert.equal(device.resourceType, "Device");
console.log("ok projections");

"""fhirpy walks a server: python walk.py BASE. One line for each step that went well; the first that did not ends it."""

import asyncio
import sys
import uuid

from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound


async def walk(base):
    whole = {"Prefer": "return=representation"}
    client = AsyncFHIRClient(base, extra_headers=whole)
    mine = {"system": "urn:example:fhirpy", "value": str(uuid.uuid4())}

    patient = client.resource("Patient", identifier=[mine], gender="female", birthDate="1970-05-06")
    await patient.save()
    assert patient.id and patient["meta"]["versionId"] == "1", patient
    print("ok create")

    condition = {"If-None-Exist": f"identifier={mine['system']}|{mine['value']}"}
    conditional = AsyncFHIRClient(base, extra_headers={**whole, **condition})
    again = conditional.resource("Patient", identifier=[mine], gender="male")
    await again.save()
    assert again.id == patient.id and again["gender"] == "female", again
    print("ok conditional create meets the same")

    read = await client.reference("Patient", patient.id).to_resource()
    assert read["identifier"][0]["value"] == mine["value"], read
    found = await client.resources("Patient").search(identifier=f"{mine['system']}|{mine['value']}").get()
    assert found.id == patient.id, found
    print("ok read and search")

    for number in range(7):
        await client.resource(
            "Observation",
            status="final",
            code={"coding": [{"system": "http://loinc.org", "code": "777-3"}]},
            subject={"reference": f"Patient/{patient.id}"},
            effectiveDateTime=f"2026-03-0{number + 1}",
            valueQuantity={"value": 80 + number, "system": "http://unitsofmeasure.org", "code": "10*9/L"},
        ).save()
    search = client.resources("Observation").search(subject=f"Patient/{patient.id}").limit(3)
    ids = [one.id for one in await search.fetch_all()]
    assert len(ids) == 7 and len(set(ids)) == 7, ids
    print("ok paging")

    stale = AsyncFHIRClient(base, extra_headers={"If-Match": 'W/"9999"'})
    try:
        await stale.resource("Patient", id=patient.id, identifier=[mine]).save()
    except MultipleResourcesFound as refused:  # how fhirpy calls 412
        assert '"conflict"' in str(refused), refused
    else:
        raise AssertionError("a stale If-Match was taken")
    print("ok stale If-Match")

    try:
        await client.reference("Patient", "does-not-exist").to_resource()
    except ResourceNotFound as refused:
        assert "OperationOutcome" in str(refused), refused
    else:
        raise AssertionError("what does not exist was read")
    try:
        await client.resource("Observation", status="enrolled").save()
    except OperationOutcome as refused:
        codes = {issue["code"] for issue in refused.resource["issue"]}
        assert codes == {"required", "code-invalid"}, refused
    else:
        raise AssertionError("a wrong status was taken")
    print("ok refusals are OperationOutcomes")

    for kind in ["ResearchStudy", "ResearchSubject", "GuidanceResponse", "Task", "Provenance", "PlanDefinition"]:
        all_of = await client.resources(kind).limit(2).fetch_all()
        assert all_of, kind
        one = await client.reference(kind, all_of[0].id).to_resource()
        assert one.serialize() == all_of[0].serialize(), kind
    print("ok projections")


asyncio.run(walk(sys.argv[1]))

"""A foreign sender: builds messages with hl7apy, sends them by MLLP, and judges the answers by the same library's rules."""

import socket
import sys

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message
from hl7apy.parser import parse_message


def built(version, number, value):
    """ORU^R01 with one result."""
    message = Message("ORU_R01", version=version, validation_level=VALIDATION_LEVEL.TOLERANT)
    message.msh.msh_3, message.msh.msh_4 = "PEER", "H"
    message.msh.msh_7 = "20260315090000+0000"
    message.msh.msh_9 = "ORU^R01^ORU_R01"
    message.msh.msh_10 = f"P{number}"
    message.msh.msh_11 = "P"
    group = message.add_group("ORU_R01_PATIENT_RESULT")
    group.add_group("ORU_R01_PATIENT").add_segment("PID").value = f"PID|1||{number if value else ''}"
    order = group.add_group("ORU_R01_ORDER_OBSERVATION")
    order.add_segment("OBR").value = f"OBR|1||F{number}|1751-7^Albumin^LN|||20260315080000+0000"
    order.add_group("ORU_R01_OBSERVATION").add_segment("OBX").value = (
        f"OBX|1|NM|1751-7^Albumin^LN||{value}|g/L^g/L^UCUM|||||F"
    )
    return message


def answered(connection):
    """The next block."""
    heard = b""
    while not heard.endswith(b"\x1c\r"):
        part = connection.recv(4096)
        assert part, "closed without an answer"
        heard += part
    assert heard[:1] == b"\x0b"
    return heard[1:-2].decode()


def main():
    host, port = sys.argv[1].split(":")
    with socket.create_connection((host, int(port))) as connection:
        number = 0
        for version in ["2.4", "2.5", "2.5.1", "2.6"]:
            for value, wanted in [("24.9", "AA"), ("", "AE")]:
                number += 1
                connection.sendall(built(version, number, value).to_mllp().encode())
                answer = parse_message(answered(connection), validation_level=VALIDATION_LEVEL.STRICT)
                # Whatever its rules for an ACK of that version find is raised.
                answer.validate()
                assert answer.msa.msa_1.value == wanted, answer.to_er7()
                assert answer.msa.msa_2.value == f"P{number}", answer.to_er7()
                print("ok", version, wanted)


main()

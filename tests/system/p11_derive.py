#!/usr/bin/env python3
"""p11_derive.py MODULE NAME=VALUE...: C_DeriveKey by ECDH, and C_UnwrapKey.

id is the key's CKA_ID, kdf the number of a CKD_; id, point, shared and wrapped
are in hex. length and type, where they are given, are the CKA_VALUE_LEN and
CKA_KEY_TYPE of the template. With wrapped, which is unwrapped in another
session by the mechanism, unwrapped_length may be in that template. Prints the
CKA_VALUE of what comes of it in hex, or "CKR_ " and the number that the
module gave."""
import ctypes
import sys

ULONG = ctypes.c_ulong
LOGIN, OPEN, FIND_INIT, FIND, FIND_FINAL = 18, 12, 26, 27, 28
INITIALIZE, SLOTS, GET_ATTRIBUTE, UNWRAP, DERIVE = 0, 4, 24, 61, 62
CKA_CLASS, CKA_VALUE, CKA_ID = 0, 0x11, 0x102
CKA_KEY_TYPE, CKA_VALUE_LEN, CKM_AES_KEY_WRAP = 0x100, 0x161, 0x2109
CKO_PRIVATE_KEY, CKM_ECDH1_DERIVE, CKU_USER, CKF_SERIAL = 3, 0x1050, 1, 4


class Attribute(ctypes.Structure):
    _fields_ = [("type", ULONG), ("value", ctypes.c_char_p), ("len", ULONG)]


class Parameters(ctypes.Structure):  # CK_ECDH1_DERIVE_PARAMS
    _fields_ = [("kdf", ULONG), ("shared_len", ULONG),
                ("shared", ctypes.c_char_p), ("public_len", ULONG),
                ("public", ctypes.c_char_p)]


class Mechanism(ctypes.Structure):
    _fields_ = [("type", ULONG), ("parameter", ctypes.c_void_p),
                ("len", ULONG)]


class Functions(ctypes.Structure):
    _fields_ = [("version", ctypes.c_ubyte * 2), ("f", ctypes.c_void_p * 68)]


def template(**values):
    attributes = [Attribute(globals()[name], value, len(value))
                  for name, value in values.items()]
    return (Attribute * len(attributes))(*attributes), ULONG(len(attributes))


def number(n):
    return bytes(ULONG(n))


class Module:
    def __init__(self, path):
        functions = ctypes.POINTER(Functions)()
        self.library = ctypes.CDLL(path)
        self.library.C_GetFunctionList(ctypes.byref(functions))
        self.functions = functions.contents.f

    def call(self, function, *args):
        rv = ctypes.CFUNCTYPE(ULONG)(self.functions[function])(*args)
        if rv != 0:
            print(f"CKR_ {rv:#x}")
            sys.exit()


def numbers(given, **names):
    """A template of what was given, by these names."""
    return template(**{attribute: number(int(given[name]))
                       for attribute, name in names.items()
                       if name in given})


def open_session(p11, slot):
    session = ULONG()
    p11.call(OPEN, slot, ULONG(CKF_SERIAL), None, None, ctypes.byref(session))
    return session


def find(p11, session, key_id):
    key, count = ULONG(), ULONG()
    p11.call(FIND_INIT, session,
             *template(CKA_CLASS=number(CKO_PRIVATE_KEY), CKA_ID=key_id))
    p11.call(FIND, session, ctypes.byref(key), ULONG(1), ctypes.byref(count))
    p11.call(FIND_FINAL, session)
    return key


def derive(p11, session, key, given):
    made = ULONG()
    point = bytes.fromhex(given["point"])
    shared = bytes.fromhex(given.get("shared", ""))
    parameters = Parameters(int(given["kdf"]), len(shared), shared,
                            len(point), point)
    mechanism = Mechanism(CKM_ECDH1_DERIVE, ctypes.addressof(parameters),
                          ctypes.sizeof(parameters))
    p11.call(DERIVE, session, ctypes.byref(mechanism), key,
             *numbers(given, CKA_VALUE_LEN="length", CKA_KEY_TYPE="type"),
             ctypes.byref(made))
    return made


def unwrap(p11, session, key, given):
    made = ULONG()
    wrapped = bytes.fromhex(given["wrapped"])
    mechanism = Mechanism(int(given.get("mechanism", CKM_AES_KEY_WRAP)))
    p11.call(UNWRAP, session, ctypes.byref(mechanism), key, wrapped,
             ULONG(len(wrapped)),
             *numbers(given, CKA_VALUE_LEN="unwrapped_length"),
             ctypes.byref(made))
    return made


def main():
    given = dict(pair.split("=", 1) for pair in sys.argv[2:])
    slot, count = ULONG(), ULONG(1)
    p11 = Module(sys.argv[1])
    p11.call(INITIALIZE, None)
    p11.call(SLOTS, 1, ctypes.byref(slot), ctypes.byref(count))
    session = open_session(p11, slot)
    p11.call(LOGIN, session, ULONG(CKU_USER), None, ULONG(0))
    made = find(p11, session, bytes.fromhex(given["id"]))
    if given["kdf"] != "none":
        made = derive(p11, session, made, given)
    if "wrapped" in given:
        session = open_session(p11, slot)
        made = unwrap(p11, session, made, given)
    value = ctypes.create_string_buffer(32768)
    got = Attribute(CKA_VALUE, ctypes.cast(value, ctypes.c_char_p), 32768)
    p11.call(GET_ATTRIBUTE, session, made, ctypes.byref(got), ULONG(1))
    print(value.raw[:got.len].hex())


main()

/* What thunderbird.py has Thunderbird do: a function body, in the privileged
 * context, whose arguments are the command, what it takes, and a callback that
 * gets {value} or {error}. */
/* global ChromeUtils, Services, Cc, Ci */
const [command, given, done] = arguments;
const { MailServices } = ChromeUtils.importESModule(
  "resource:///modules/MailServices.sys.mjs"
);
const { setTimeout } = ChromeUtils.importESModule(
  "resource://gre/modules/Timer.sys.mjs"
);

/* Until it gives something, so many seconds. */
async function waitFor(seconds, look) {
  for (let i = 0; i < seconds * 10; i++) {
    const value = await look();
    if (value) {
      return value;
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return null;
}

function fileOf(path) {
  const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
  file.initWithPath(path);
  return file;
}

/* Those of tokens, by the SHA-256 of each in capital digits without colons. */
async function certificates() {
  const db = Cc["@mozilla.org/security/x509certdb;1"].getService(
    Ci.nsIX509CertDB
  );
  return new Map(
    db
      .getCerts()
      .filter(c => c.tokenName != "Builtin Object Token")
      .map(c => [c.sha256Fingerprint.replace(/:/g, ""), c])
  );
}

/* The files that the loaded modules are in, and the tokens they show. */
async function modules() {
  const db = Cc["@mozilla.org/security/pkcs11moduledb;1"].getService(
    Ci.nsIPKCS11ModuleDB
  );
  return Array.from(
    await db.listModules(),
    m => m.libName + " " + m.slots.map(s => s.tokenName).join(" ")
  );
}

/* An account that sends to a server here, and whose settings have the two
 * certificates. */
async function identityOf({ from, signer, opener, port }) {
  const server = MailServices.outgoingServer.createServer("smtp");
  server.QueryInterface(Ci.nsISmtpServer);
  server.hostname = "127.0.0.1";
  server.port = port;
  server.authMethod = Ci.nsMsgAuthMethod.none;
  server.socketType = Ci.nsMsgSocketType.plain;
  const identity = MailServices.accounts.createIdentity();
  identity.email = from;
  identity.doFcc = false;
  identity.smtpServerKey = server.key;
  const known = await certificates();
  for (const [name, fingerprint] of [
    ["signing", signer],
    ["encryption", opener],
  ]) {
    const cert = known.get(fingerprint);
    identity.setUnicharAttribute(name + "_cert_name", cert.displayName);
    identity.setCharAttribute(name + "_cert_dbkey", cert.dbKey);
  }
  return identity;
}

/* Which certificate an address has is what Thunderbird finds itself, as its
 * window for writing does. */
async function findRecipient(secure, address) {
  const cert = await new Promise(resolve =>
    secure.asyncFindCertByEmailAddr(address, {
      findCertDone: (email, found) => resolve(found),
    })
  );
  if (!cert) {
    throw new Error("Thunderbird finds no certificate for " + address);
  }
  secure.cacheValidCertForEmail(address, cert.dbKey);
}

async function mailOf({ from, to, sign, encrypt, subject }) {
  const fields = Cc[
    "@mozilla.org/messengercompose/composefields;1"
  ].createInstance(Ci.nsIMsgCompFields);
  const secure = Cc[
    "@mozilla.org/messengercompose/composesecure;1"
  ].createInstance(Ci.nsIMsgComposeSecure);
  Object.assign(fields, { from, to, subject, composeSecure: secure });
  secure.signMessage = sign == "yes";
  secure.requireEncryptMessage = encrypt == "yes";
  if (secure.requireEncryptMessage) {
    await findRecipient(secure, to);
  }
  return fields;
}

async function send(given) {
  const identity = await identityOf(given);
  const mail = Cc["@mozilla.org/messengercompose/send;1"].createInstance(
    Ci.nsIMsgSend
  );
  const fields = await mailOf(given);
  const status = await new Promise((resolve, reject) =>
    mail
      .createAndSendMessage(
        null,
        identity,
        "",
        fields,
        false,
        false,
        Ci.nsIMsgSend.nsMsgDeliverNow,
        null,
        "text/plain",
        given.text,
        null,
        null,
        {
          QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener"]),
          onStartSending() {},
          onProgress() {},
          onSendProgress() {},
          onStatus() {},
          onTransportSecurityError() {},
          onGetDraftFolderURI() {},
          onSendNotPerformed: (id, result) => resolve(result),
          onStopSending: (id, result) => resolve(result),
        },
        "",
        null,
        Ci.nsIMsgCompType.New
      )
      .catch(reject)
  );
  if (!Components.isSuccessCode(status)) {
    throw new Error("not sent: 0x" + status.toString(16));
  }
  return {};
}

/* What a person sees of a mail in a file: the two icons, the signer, the
 * subject and the text; and the numbers behind the icons (nsICMSMessageErrors,
 * -1: none). */
function seenIn(about) {
  const icon = name =>
    about.document
      .getElementById(name)
      .getAttribute("src")
      ?.match(/-(\w+)\.svg$/)[1] ?? "none";
  return {
    signed: icon("signedHdrIcon"),
    encrypted: icon("encryptedHdrIcon"),
    signature: about.gSignatureStatus,
    encryption: about.gEncryptionStatus,
    signer: about.gSignerCert?.sha256Fingerprint.replace(/:/g, ""),
    subject: about.document.getElementById("expandedsubjectBox")
      .value.textContent,
    text: about.getMessagePaneBrowser().contentDocument?.body.textContent,
  };
}

/* It does not say that it is done with what it could not decrypt. */
function isJudged(about) {
  return about?.gSmimeProcessedDispatched || about?.gEncryptionStatus > 0;
}

async function show({ path }) {
  const { MailUtils } = ChromeUtils.importESModule(
    "resource:///modules/MailUtils.sys.mjs"
  );
  const file = fileOf(path);
  MailUtils.openEMLFile(
    Services.wm.getMostRecentWindow("mail:3pane"),
    file,
    Services.io.newFileURI(file)
  );
  try {
    const shown = await waitFor(30, () => {
      const window = Services.wm.getMostRecentWindow("mail:messageWindow");
      const about = window?.messageBrowser?.contentWindow;
      return isJudged(about) && seenIn(about);
    });
    if (!shown) {
      throw new Error("no verdict on " + path);
    }
    return shown;
  } finally {
    for (const window of Services.wm.getEnumerator("mail:messageWindow")) {
      window.close();
    }
  }
}

const commands = {
  modules,
  certificates: async () =>
    Array.from(await certificates(), ([id, c]) => id + " " + c.tokenName),
  send,
  show,
};
Promise.resolve()
  .then(() => commands[command](given))
  .then(
    value => done({ value }),
    e => done({ error: e + "\n" + (e.stack || "") })
  );

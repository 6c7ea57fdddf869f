// Passkeys: made, used to sign in, used to prove oneself again. What is signed is asked of the house each time.
const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

// Shown only where the browser can; without script, or without passkeys, the page has its other ways.
function show() {
  if (!window.PublicKeyCredential) return;
  for (const part of document.querySelectorAll("[data-passkey]")) part.hidden = false;
}
show();
document.addEventListener("htmx:after:swap", show);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-passkey-sign-in], [data-passkey-prove], [data-passkey-add]");
  if (!button) return;
  const deed = button.matches("[data-passkey-add]") ? add : button.matches("[data-passkey-prove]") ? prove : signIn;
  button.disabled = true;
  deed(button).catch((error) => tell(button, wordsOf(error))).finally(() => { button.disabled = false; });
});

async function signIn(button) {
  await ask("/api/v1/session/passkey", { credential: await signed("/api/v1/session/passkey/options") });
  location.assign(inside(button.dataset.next, "/dashboard"));
}

async function prove(button) {
  await ask("/api/v1/proof", { credential: await signed("/api/v1/proof/options") });
  location.assign(inside(button.dataset.next, "/settings/security"));
}

async function add(button) {
  const box = button.closest("[data-passkey]").querySelector("[data-passkey-name]");
  if (!box.value.trim()) {
    box.focus();
    throw new Told("Give it a name first, such as Phone.");
  }
  const options = await ask("/api/v1/passkeys/options", {}, button.dataset.prove);
  if (!options) return;
  options.challenge = decode(options.challenge);
  options.user.id = decode(options.user.id);
  options.excludeCredentials = described(options.excludeCredentials);
  const made = await navigator.credentials.create({ publicKey: options });
  const { response } = made;
  const credential = {
    ...outline(made),
    response: {
      clientDataJSON: encode(response.clientDataJSON),
      attestationObject: encode(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
  await ask("/api/v1/passkeys", { name: box.value.trim(), credential });
  location.reload();
}

// What a passkey of this person says to the house's challenge.
async function signed(place) {
  const options = await ask(place, {});
  options.challenge = decode(options.challenge);
  options.allowCredentials = described(options.allowCredentials);
  const given = await navigator.credentials.get({ publicKey: options });
  const { response } = given;
  return {
    ...outline(given),
    response: {
      clientDataJSON: encode(response.clientDataJSON),
      authenticatorData: encode(response.authenticatorData),
      signature: encode(response.signature),
      userHandle: response.userHandle ? encode(response.userHandle) : null,
    },
  };
}

const described = (keys = []) => keys.map((one) => ({ ...one, id: decode(one.id) }));
const outline = (one) => ({
  id: one.id, rawId: encode(one.rawId), type: one.type, clientExtensionResults: one.getClientExtensionResults(),
  authenticatorAttachment: one.authenticatorAttachment,
});

class Told extends Error {}

// prove: where to go when the house first wants a proof that it is still the person.
async function ask(place, body, prove) {
  const answer = await fetch(place, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  if (prove && answer.status === 403) {
    location.assign(prove);
    return null;
  }
  const wrong = problem.errors?.[0];
  const told = wrong ? [wrong.problem, wrong.cure] : [problem.detail ?? "That did not work", problem.cure];
  throw new Told(told.filter(Boolean).map(sentence).join(" "));
}

const sentence = (words) => words[0].toUpperCase() + words.slice(1).replace(/\.?$/, ".");

function wordsOf(error) {
  if (error instanceof Told) return error.message;
  if (error.name === "NotAllowedError") return "Nothing was chosen, or it took too long.";
  if (error.name === "InvalidStateError") return "This device has a passkey for this account already.";
  return "This device could not do it.";
}

function tell(button, words) {
  const place = button.closest("[data-passkey]").querySelector("[data-passkey-told]");
  place.textContent = words;
  place.hidden = false;
}

// Only ever to a page of this house.
function inside(path, home) {
  if (!path?.startsWith("/") || path.startsWith("//") || path.includes("\\")) return home;
  return path;
}

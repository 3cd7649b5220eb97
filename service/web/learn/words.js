/** What the scripts of the pages say, in the page's language; texts of the pages are in their HTML. */

const WORDS = {
  en: {
    token: "Token",
    right: "right",
    wrong: "wrong",
    sameAs: (gap) => `The service’s answer and this page’s arithmetic differ by ${gap} at most.`,
    otherWeights: "This service has another version of the model than this page calculates with.",
    country: (name) => `Probability of ${name}`,
    noNationality: "Name a nationality of the language first: français, italien, espagnol, allemand, belge, suisse, grec, polonais.",
    between: (count) => `${count} tokens between the nationality and the end`,
    term: "Term of",
    loss: "Loss",
    lossOf: (p, loss) => `L = −ln ${p} = ${loss}`,
    sumOf: (loss, count, mean) => `L = ${loss} nats over ${count} tokens, ${mean} a token`,
    back: "tokens back",
    norm: "norm of the gradient",
    clipped: (before, after) => `norm of all gradients: ${before}; clipped: ${after}`,
    unclipped: (before) => `norm of all gradients: ${before}`,
    gate: { input: "input gate", forget: "forget gate", output: "output gate", candidate: "candidate", reset: "reset gate", update: "update gate", cell: "cell", hidden: "state" },
    unit: "unit",
    fromService: "These values come from the service (explain: gates).",
    epoch: "Epoch",
    train: "Loss",
    validation: "Validation loss",
    layer: "Layer",
    all: "all",
    shape: "Output",
    parameters: "Parameters",
    accuracy: "accuracy",
    tokensBetween: "tokens between",
    chance: "chance",
    largest: "Largest norm, before clipping",
    ends: "Loss at the end",
    network: "Network",
    without: "not clipped",
    withClip: "clipped to 1",
    points: (name, values) => `${name}: ${values}`,
  },
  fr: {
    token: "Jeton",
    right: "juste",
    wrong: "faux",
    sameAs: (gap) => `La réponse du service et le calcul de cette page diffèrent de ${gap} au plus.`,
    otherWeights: "Ce service a une autre version du modèle que celle avec laquelle cette page calcule.",
    country: (name) => `Probabilité de ${name}`,
    noNationality: "Donnez d’abord une nationalité du langage : français, italien, espagnol, allemand, belge, suisse, grec, polonais.",
    between: (count) => `${count} jetons entre la nationalité et la fin`,
    term: "Terme de",
    loss: "Perte",
    lossOf: (p, loss) => `L = −ln ${p} = ${loss}`,
    sumOf: (loss, count, mean) => `L = ${loss} nats pour ${count} jetons, soit ${mean} par jeton`,
    back: "jetons en arrière",
    norm: "norme du gradient",
    clipped: (before, after) => `norme de tous les gradients : ${before} ; écrêtée : ${after}`,
    unclipped: (before) => `norme de tous les gradients : ${before}`,
    gate: { input: "porte d’entrée", forget: "porte d’oubli", output: "porte de sortie", candidate: "candidat", reset: "porte de réinitialisation", update: "porte de mise à jour", cell: "cellule", hidden: "état" },
    unit: "unité",
    fromService: "Ces valeurs viennent du service (explain: gates).",
    epoch: "Époque",
    train: "Perte",
    validation: "Perte de validation",
    layer: "Couche",
    all: "total",
    shape: "Sortie",
    parameters: "Paramètres",
    accuracy: "exactitude",
    tokensBetween: "jetons entre les deux",
    chance: "hasard",
    largest: "Plus grande norme, avant écrêtage",
    ends: "Perte à la fin",
    network: "Réseau",
    without: "sans écrêtage",
    withClip: "écrêté à 1",
    points: (name, values) => `${name} : ${values}`,
  },
};

export const language = document.documentElement.lang;
export const words = WORDS[language];

/** A number as the language writes it, with `digits` that say something. */
export function figure(value, digits = 3) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const power = `10${superscript(Number(exponent))}`;
    return Number(mantissa) === 1 ? power : `${Number(mantissa).toLocaleString(language)} · ${power}`;
  }
  return value.toLocaleString(language, { maximumSignificantDigits: digits }).replace("-", "−");
}

function superscript(number) {
  return String(number).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
}

/** A share: 0.973 is "97.3 %" or "97,3 %"; never "100.0 %" for what is not quite certain. */
export function share(value) {
  const rounded = value < 1 ? Math.min(value * 100, 99.9) : 100;
  return `${rounded.toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} %`;
}

// Shows the document that the page names. No request goes to another host: there is no validator.
const main = document.getElementById("api");
const ui = SwaggerUIBundle({
  url: main.dataset.document,
  domNode: main,
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
  // Any key works. This one leads to the sandbox of the page.
  onComplete: () => main.dataset.key && ui.preauthorizeApiKey("bearer", main.dataset.key),
});

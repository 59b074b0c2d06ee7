SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#explorer",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});

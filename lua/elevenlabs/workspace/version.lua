--- Of this library, as in Semantic Versioning.
return "0.1.0"

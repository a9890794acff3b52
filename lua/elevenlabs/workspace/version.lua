--- The version of this library (Semantic Versioning).
return "0.1.0"

//! JSON Schemas for editors.

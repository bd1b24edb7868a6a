//! One reader for HCL1 and HCL2.

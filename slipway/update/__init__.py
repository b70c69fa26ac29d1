"""A newer template, brought into a project that was made from an older one."""

"""Process models from variants: tree, Petri net and BPMN, and BPMN files read and written."""

"""Everything of the lab that needs Streamlit, but for the pages."""

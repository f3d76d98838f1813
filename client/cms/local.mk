# client/cms/

#!/bin/sh
# Predictions of lambda-SOAP for the target `evidence`: peers/lambda_soap/predictions.csv.gz.
#
#     sh peers/lambda_soap/evidence.sh [folder of frames and predictions]
#
# The run `deposited` must have its frames; RPR and SOAP name the Pythons of both environments.
set -e
folder=${1:-soap-evidence}
${RPR:-.venv/bin/python} peers/lambda_soap/evidence.py write results/deposited "$folder"
${SOAP:-.venv-soap/bin/python} peers/lambda_soap/predict_splits.py "$folder"
${RPR:-.venv/bin/python} peers/lambda_soap/evidence.py collect results/deposited "$folder"
